// The pages of one's own account. Loaded when somebody goes there.
import { Navigate, Route, Routes } from 'react-router-dom'
import { Profile } from './Profile'
import { Security } from './Security'
import { Tokens } from './Tokens'

export default function AccountPages() {
  return (
    <Routes>
      <Route index element={<Profile />} />
      <Route path="security" element={<Security />} />
      <Route path="tokens" element={<Tokens />} />
      <Route path="*" element={<Navigate to="/account" replace />} />
    </Routes>
  )
}
