// The address that somebody sent: join with the account one has, or make one.
import { EnvelopeClosedIcon } from '@radix-ui/react-icons'
import { Button, Tabs, Text } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from 'react-router-dom'
import { CenterPage } from '../components/CenterPage'
import { FormError } from '../components/FormError'
import { RegisterForm } from '../components/RegisterForm'
import { SignInForm } from '../components/SignInForm'
import { Loading } from '../components/States'
import { hasCode } from '../lib/errors'
import { configQuery, useUser } from '../lib/query'
import { invitationQuery, useAcceptInvitation } from '../lib/sharing'
import type { Invitation } from '../lib/types'
import { t } from '../texts'
import { Unreachable } from './Unreachable'

export function Invite() {
  const { token = '' } = useParams()
  const invitation = useQuery(invitationQuery(token))

  if (invitation.data) return <Welcome token={token} invitation={invitation.data} />
  if (!invitation.error) return <Loading />
  if (hasCode(invitation.error, 'offline', 'unavailable', 'internal')) return <Unreachable onRetry={invitation.refetch} />

  return (
    <CenterPage title={t.invite.gone} text={t.invite.goneText}>
      <Button size="3" variant="soft" asChild>
        <Link to="/">{t.toBoards}</Link>
      </Button>
    </CenterPage>
  )
}

function Welcome({ token, invitation }: { token: string; invitation: Invitation }) {
  const user = useUser()
  const navigate = useNavigate()
  const accept = useAcceptInvitation()
  const open = () => navigate(`/board/${invitation.room.id}`, { replace: true })
  const join = () => accept.mutate(token, { onSuccess: open })

  return (
    <CenterPage
      icon={<EnvelopeClosedIcon width={22} height={22} />}
      title={t.invite.title(invitation.inviter.name)}
      text={`${t.invite.text(invitation.room.name)} ${t.invite.roles[invitation.role]}`}
    >
      <FormError error={accept.error} />
      {user ? (
        <>
          <Text as="p" size="2" color="gray" mb="4">
            {t.invite.as(user.name)}
          </Text>
          <Button size="3" loading={accept.isPending} onClick={join} className="td-wide">
            {t.invite.accept}
          </Button>
        </>
      ) : (
        <Entry token={token} email={invitation.email} onRegistered={open} onSignedIn={join} />
      )}
    </CenterPage>
  )
}

interface EntryProps {
  token: string
  email: string | null
  /* the server joins a new account to the board by itself */
  onRegistered: () => void
  onSignedIn: () => void
}

function Entry({ token, email, onRegistered, onSignedIn }: EntryProps) {
  const { data: config } = useQuery(configQuery)

  if (config?.registration === 'closed') return <SignInForm onDone={onSignedIn} />

  return (
    <Tabs.Root defaultValue="register">
      <Tabs.List mb="4">
        <Tabs.Trigger value="register">{t.account.register}</Tabs.Trigger>
        <Tabs.Trigger value="sign-in">{t.account.signIn}</Tabs.Trigger>
      </Tabs.List>
      <Tabs.Content value="register">
        <RegisterForm submit={t.account.register} invite={token} email={email} onDone={onRegistered} />
      </Tabs.Content>
      <Tabs.Content value="sign-in">
        <SignInForm onDone={onSignedIn} />
      </Tabs.Content>
    </Tabs.Root>
  )
}
