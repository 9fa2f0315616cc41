// Where one is signed in, and signing out from afar.
import { DesktopIcon, MobileIcon } from '@radix-ui/react-icons'
import { Badge, Button, Text } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { Failed, Loading } from '../components/States'
import { useFailed, useToast } from '../components/Toasts'
import { sessionsQuery, useEndOtherSessions, useEndSession } from '../lib/account'
import { deviceOf } from '../lib/agent'
import { ago, exactTime } from '../lib/time'
import type { Session } from '../lib/types'
import { t } from '../texts'

export function Sessions() {
  const sessions = useQuery(sessionsQuery)
  const toast = useToast()
  const failed = useFailed()
  const endOthers = useEndOtherSessions()

  if (sessions.isLoadingError) {
    return <Failed title={t.me.sessionsFailed} error={sessions.error} onRetry={sessions.refetch} />
  }
  if (!sessions.data) return <Loading />

  const all = sessions.data.sessions

  const signOutOthers = () => endOthers.mutateAsync(undefined).then(() => toast({ text: t.me.othersEnded }), failed)

  return (
    <>
      <ul className="td-list td-rows">
        {all.map((s) => (
          <SessionRow key={s.id} session={s} />
        ))}
      </ul>
      {all.length > 1 && (
        <Button mt="4" variant="soft" color="red" loading={endOthers.isPending} onClick={() => void signOutOthers()}>
          {t.me.endOthers}
        </Button>
      )}
    </>
  )
}

function SessionRow({ session }: { session: Session }) {
  const failed = useFailed()
  const end = useEndSession()
  const device = deviceOf(session.agent) ?? t.me.unknownDevice
  const Icon = /Mobi|Android|iPhone/.test(session.agent) ? MobileIcon : DesktopIcon

  const signOut = () => end.mutateAsync(session.id).catch(failed)

  return (
    <li className="td-row">
      <span className="td-row-icon">
        <Icon />
      </span>
      <div className="td-grow">
        <Text as="p" size="2">
          {device} {session.current && <Badge color="green">{t.me.thisSession}</Badge>}
        </Text>
        <Text as="p" size="1" color="gray">
          {session.address} · <span title={exactTime(session.last_used_at)}>{t.me.lastUsed(ago(session.last_used_at))}</span>
        </Text>
      </div>
      {!session.current && (
        <Button
          variant="soft"
          color="gray"
          loading={end.isPending}
          aria-label={t.me.endSessionOf(device)}
          onClick={() => void signOut()}
        >
          {t.account.signOut}
        </Button>
      )}
    </li>
  )
}
