import { useQuery } from '@tanstack/react-query'
import { Suspense, lazy } from 'react'
import { Navigate, Outlet, Route, Routes } from 'react-router-dom'
import { Loading } from './components/States'
import { loadBoard } from './lib/board'
import { useHere } from './lib/here'
import { configQuery, sessionQuery } from './lib/query'
import { Bin } from './pages/Bin'
import { Boards } from './pages/Boards'
import { Invite } from './pages/Invite'
import { NotFound } from './pages/NotFound'
import { Register } from './pages/Register'
import { SetUp } from './pages/SetUp'
import { SignIn } from './pages/SignIn'
import { Unreachable } from './pages/Unreachable'
import { t } from './texts'

const Board = lazy(loadBoard)

export function App() {
  return (
    <Routes>
      <Route path="/setup" element={<SetUp />} />
      <Route element={<Ready />}>
        <Route path="/sign-in" element={<SignIn />} />
        <Route path="/register" element={<Register />} />
        <Route path="/invite/:token" element={<Invite />} />
        <Route
          path="/board/:id"
          element={
            <Suspense fallback={<Loading text={t.board.loading} />}>
              <Board />
            </Suspense>
          }
        />
        <Route element={<SignedIn />}>
          <Route path="/" element={<Boards />} />
          <Route path="/bin" element={<Bin />} />
        </Route>
        <Route path="*" element={<NotFound />} />
      </Route>
    </Routes>
  )
}

/* a server without accounts is set up first */
function Ready() {
  const config = useQuery(configQuery)
  const session = useQuery(sessionQuery)

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
