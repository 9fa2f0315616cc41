import { useQuery } from '@tanstack/react-query'
import { type ReactNode, Suspense, lazy, useEffect } from 'react'
import { Navigate, Outlet, Route, Routes } from 'react-router-dom'
import { Loading } from './components/States'
import { loadBoard } from './lib/board'
import { useHere } from './lib/here'
import { configQuery, sessionQuery } from './lib/query'
import { Bin } from './pages/Bin'
import { AllBoards, FavouriteBoards, FolderBoards, RecentBoards } from './pages/Boards'
import { ForgotPassword } from './pages/ForgotPassword'
import { Invite } from './pages/Invite'
import { NotFound } from './pages/NotFound'
import { Register } from './pages/Register'
import { ResetPassword } from './pages/ResetPassword'
import { SetUp } from './pages/SetUp'
import { SignIn } from './pages/SignIn'
import { Unreachable } from './pages/Unreachable'
import { chooseLanguage, t } from './texts'

const Board = lazy(loadBoard)
const AccountPages = lazy(() => import('./account/AccountPages'))
const AdminPages = lazy(() => import('./admin/AdminPages'))

export function App() {
  return (
    <Routes>
      <Route path="/setup" element={<SetUp />} />
      <Route element={<Ready />}>
        <Route path="/sign-in" element={<SignIn />} />
        <Route path="/register" element={<Register />} />
        <Route path="/forgot" element={<ForgotPassword />} />
        <Route path="/reset/:token" element={<ResetPassword />} />
        <Route path="/invite/:token" element={<Invite />} />
        <Route path="/board/:id" element={<Later text={t.board.loading} page={<Board />} />} />
        <Route path="/embed/:id" element={<Later text={t.board.loading} page={<Board embedded />} />} />
        <Route element={<SignedIn />}>
          <Route path="/" element={<AllBoards />} />
          <Route path="/recent" element={<RecentBoards />} />
          <Route path="/favourites" element={<FavouriteBoards />} />
          <Route path="/folder/:id" element={<FolderBoards />} />
          <Route path="/bin" element={<Bin />} />
          <Route path="/account/*" element={<Later page={<AccountPages />} />} />
          <Route path="/admin/*" element={<Later page={<AdminPages />} />} />
        </Route>
        <Route path="*" element={<NotFound />} />
      </Route>
    </Routes>
  )
}

function Later({ text, page }: { text?: string; page: ReactNode }) {
  return <Suspense fallback={<Loading {...(text && { text })} />}>{page}</Suspense>
}

/* a server without accounts is set up first */
function Ready() {
  const config = useQuery(configQuery)
  const session = useQuery(sessionQuery)
  const user = session.data?.user

  useEffect(() => {
    if (user) chooseLanguage(user.locale)
  }, [user])

  if (config.data?.setup.needed) return <Navigate to="/setup" replace />
  if (config.data && session.data) return <Outlet />
  if (config.error ?? session.error) {
    return <Unreachable onRetry={() => Promise.all([config.refetch(), session.refetch()])} />
  }

  return <Loading />
}

function SignedIn() {
  const here = useHere()
  const { data } = useQuery(sessionQuery)

  return data?.user ? <Outlet /> : <Navigate to="/sign-in" state={{ from: here }} replace />
}
