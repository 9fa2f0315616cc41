// The server does not let this page into the board: why, and what to do.
import { ExclamationTriangleIcon, LockClosedIcon, QuestionMarkIcon, UpdateIcon } from '@radix-ui/react-icons'
import { Button, Flex } from '@radix-ui/themes'
import { useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { Link, useNavigate } from 'react-router-dom'
import { CenterPage } from '../components/CenterPage'
import { Loading } from '../components/States'
import { hasCode } from '../lib/errors'
import { useHere } from '../lib/here'
import { checkSession, useSignOut, useUser } from '../lib/query'
import { reloadOnce } from '../lib/reload'
import { t } from '../texts'

type Reason = Exclude<keyof typeof t.refusal, 'OFFLINE' | 'signIn' | 'otherAccount'>

const ICONS: Partial<Record<Reason, typeof LockClosedIcon>> = {
  NOT_AUTHENTICATED: LockClosedIcon,
  FORBIDDEN: LockClosedIcon,
  NOT_FOUND: QuestionMarkIcon,
  CLIENT_TOO_OLD: UpdateIcon,
  SERVER_TOO_OLD: UpdateIcon,
}

/* the same reasons, from the HTTP API; null: trying again may help */
export function refusalOf(error: unknown): Reason | null {
  if (hasCode(error, 'not_authenticated')) return 'NOT_AUTHENTICATED'
  if (hasCode(error, 'forbidden')) return 'FORBIDDEN'
  if (hasCode(error, 'not_found', 'gone', 'bad_request')) return 'NOT_FOUND'
  if (hasCode(error, 'too_many_attempts')) return 'RATE_LIMITED'
  return null
}

export function asReason(text: string): Reason {
  return text in t.refusal && !['OFFLINE', 'signIn', 'otherAccount'].includes(text) ? (text as Reason) : 'UNKNOWN_ERROR'
}

export function Refusal({ reason }: { reason: Reason }) {
  const [reloading, setReloading] = useState(reason === 'CLIENT_TOO_OLD')
  const Icon = ICONS[reason] ?? ExclamationTriangleIcon
  const client = useQueryClient()

  useEffect(() => {
    if (reason === 'CLIENT_TOO_OLD') setReloading(reloadOnce('client'))
    /* the socket learns first that a session ended elsewhere */
    if (reason === 'NOT_AUTHENTICATED') void checkSession(client)
  }, [reason, client])

  if (reloading) return <Loading />

  return (
    <CenterPage icon={<Icon width={22} height={22} />} title={t.refusal[reason].title} text={t.refusal[reason].text}>
      <Flex gap="3" wrap="wrap" data-reason={reason}>
        <WayOut reason={reason} />
      </Flex>
    </CenterPage>
  )
}

function WayOut({ reason }: { reason: Reason }): ReactNode {
  const user = useUser()

  switch (reason) {
    case 'NOT_AUTHENTICATED':
      return <SignIn />
    case 'FORBIDDEN':
      return user ? <OtherAccount /> : <SignIn />
    case 'NOT_FOUND':
      return <ToBoards primary />
    default:
      return (
        <>
          <Button size="3" onClick={() => window.location.reload()}>
            {t.retry}
          </Button>
          <ToBoards />
        </>
      )
  }
}

function ToBoards({ primary = false }: { primary?: boolean }) {
  return (
    <Button size="3" variant={primary ? 'solid' : 'soft'} asChild>
      <Link to="/">{t.toBoards}</Link>
    </Button>
  )
}

function SignIn() {
  const here = useHere()

  return (
    <Button size="3" asChild>
      <Link to="/sign-in" state={{ from: here }}>
        {t.refusal.signIn}
      </Link>
    </Button>
  )
}

function OtherAccount() {
  const here = useHere()
  const navigate = useNavigate()
  const signOut = useSignOut()
  const change = () => signOut.mutate(undefined, { onSuccess: () => navigate('/sign-in', { state: { from: here } }) })

  return (
    <>
      <ToBoards primary />
      <Button size="3" variant="soft" loading={signOut.isPending} onClick={change}>
        {t.refusal.otherAccount}
      </Button>
    </>
  )
}
