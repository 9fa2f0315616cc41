import { Link as ThemeLink } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { Link, Navigate, useLocation } from 'react-router-dom'
import { CenterPage } from '../components/CenterPage'
import { SignInForm } from '../components/SignInForm'
import { useReturnTo } from '../lib/here'
import { configQuery, useUser } from '../lib/query'
import { t } from '../texts'

export function SignIn() {
  const user = useUser()
  const target = useReturnTo()
  const { state } = useLocation()
  const { data: config } = useQuery(configQuery)

  if (user) return <Navigate to={target} replace />

  return (
    <CenterPage
      title={t.account.signInTitle}
      text={t.account.signInText}
      footer={
        config?.registration === 'open' && (
          <>
            {t.account.noAccount}{' '}
            <ThemeLink asChild>
              <Link to="/register" state={state}>
                {t.account.register}
              </Link>
            </ThemeLink>
          </>
        )
      }
    >
      <SignInForm onDone={() => undefined} />
    </CenterPage>
  )
}
