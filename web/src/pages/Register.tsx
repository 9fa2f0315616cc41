import { Button, Link as ThemeLink } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { Link, Navigate, useLocation } from 'react-router-dom'
import { CenterPage } from '../components/CenterPage'
import { RegisterForm } from '../components/RegisterForm'
import { useReturnTo } from '../lib/here'
import { configQuery, useUser } from '../lib/query'
import { t } from '../texts'

export function Register() {
  const user = useUser()
  const target = useReturnTo()
  const { state } = useLocation()
  const { data: config } = useQuery(configQuery)

  if (user) return <Navigate to={target} replace />

  if (config?.registration !== 'open') {
    const closed = config?.registration === 'closed'

    return (
      <CenterPage
        title={closed ? t.account.closedTitle : t.account.inviteTitle}
        text={closed ? t.account.closedText : t.account.inviteText}
      >
        <Button size="3" variant="soft" asChild>
          <Link to="/sign-in">{t.account.signIn}</Link>
        </Button>
      </CenterPage>
    )
  }

  return (
    <CenterPage
      title={t.account.registerTitle}
      text={t.account.registerText}
      footer={
        <>
          {t.account.haveAccount}{' '}
          <ThemeLink asChild>
            <Link to="/sign-in" state={state}>
              {t.account.signIn}
            </Link>
          </ThemeLink>
        </>
      }
    >
      <RegisterForm submit={t.account.register} onDone={() => undefined} />
    </CenterPage>
  )
}
