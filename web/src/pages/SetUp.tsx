// First start: the administrator's account.
import { useQuery } from '@tanstack/react-query'
import { Navigate, useNavigate } from 'react-router-dom'
import { CenterPage } from '../components/CenterPage'
import { RegisterForm } from '../components/RegisterForm'
import { Loading } from '../components/States'
import { hasCode } from '../lib/errors'
import { configQuery } from '../lib/query'
import { t } from '../texts'
import { Unreachable } from './Unreachable'

export function SetUp() {
  const navigate = useNavigate()
  const config = useQuery(configQuery)

  if (config.error && hasCode(config.error, 'offline', 'unavailable')) return <Unreachable onRetry={config.refetch} />
  if (!config.data) return <Loading />
  if (!config.data.setup.needed) return <Navigate to="/" replace />

  return (
    <CenterPage title={t.setup.title} text={t.setup.text}>
      <RegisterForm submit={t.setup.submit} code={config.data.setup.code_required} onDone={() => navigate('/')} />
    </CenterPage>
  )
}
