// The pages of the administrators. Loaded when one of them goes there.
import { Navigate, Route, Routes } from 'react-router-dom'
import { useUser } from '../lib/query'
import { ActivityLog } from './ActivityLog'
import { AllBoards } from './AllBoards'
import { Live } from './Live'
import { Settings } from './Settings'
import { Storage } from './Storage'
import { Users } from './Users'

export default function AdminPages() {
  /* the server asks again, whatever this page shows */
  if (useUser()?.role !== 'admin') return <Navigate to="/" replace />

  return (
    <Routes>
      <Route index element={<Live />} />
      <Route path="users" element={<Users />} />
      <Route path="boards" element={<AllBoards />} />
      <Route path="storage" element={<Storage />} />
      <Route path="activity" element={<ActivityLog />} />
      <Route path="settings" element={<Settings />} />
      <Route path="*" element={<Navigate to="/admin" replace />} />
    </Routes>
  )
}
