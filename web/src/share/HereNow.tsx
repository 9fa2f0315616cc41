// Who has the board open: people with an account as the server knows them,
// guests as they call themselves. An owner can send a guest away; a member is
// taken out of the list of people instead.
import { Cross2Icon } from '@radix-ui/react-icons'
import { Heading, IconButton, Text } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { PersonAvatar } from '../components/PersonAvatar'
import { useFailed, useToast } from '../components/Toasts'
import { useUser } from '../lib/query'
import { presenceQuery, useKick } from '../lib/sharing'
import type { Presence, Room } from '../lib/types'
import { t } from '../texts'

export function HereNow({ room }: { room: Room }) {
  const { data } = useQuery(presenceQuery(room.id))
  const people = data?.people.filter(firstOfAccount) ?? []

  if (people.length === 0) return null

  return (
    <>
      <Heading as="h2" size="2" mt="5" mb="1">
        {t.share.hereNow}
      </Heading>
      <ul className="td-list td-rows" aria-label={t.share.hereNow}>
        {people.map((p) => (
          <Here key={p.id} room={room} person={p} />
        ))}
      </ul>
    </>
  )
}

/* several tabs are one person; each guest is one of their own */
const firstOfAccount = ({ user }: Presence, n: number, all: Presence[]) =>
  user === null || all.findIndex((p) => p.user?.id === user.id) === n

function Here({ room, person }: { room: Room; person: Presence }) {
  const me = useUser()?.id
  const { user } = person
  const name = (user ?? person).name || t.account.guest

  return (
    <li className="td-row">
      <PersonAvatar person={user ?? { name, color: person.color ?? '' }} />
      <div className="td-grow">
        <Text as="p" size="2" truncate>
          {name}
          {user !== null && user.id === me && ` (${t.boards.you})`}
        </Text>
        <Text as="p" size="1" color="gray">
          {user ? t.roles[person.role] : t.share.guestRole(t.roles[person.role])}
        </Text>
      </div>
      {room.role === 'owner' && user === null && <SendAway room={room} guest={person} name={name} />}
    </li>
  )
}

function SendAway({ room, guest, name }: { room: Room; guest: Presence; name: string }) {
  const toast = useToast()
  const failed = useFailed()
  const kick = useKick(room.id)

  const sendAway = () => void kick.mutateAsync(guest.id).then(() => toast({ text: t.share.kicked(name) }), failed)

  return (
    <IconButton
      variant="ghost"
      color="gray"
      loading={kick.isPending}
      aria-label={t.share.kick(name)}
      title={t.share.kick(name)}
      onClick={sendAway}
    >
      <Cross2Icon />
    </IconButton>
  )
}
