// Who has the board open. An owner can send a guest away; a member is taken
// out of the list of people instead.
import { Cross2Icon } from '@radix-ui/react-icons'
import { Heading, IconButton, Text } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { PersonAvatar } from '../components/PersonAvatar'
import { useToast } from '../components/Toasts'
import { errorText } from '../lib/errors'
import { presenceQuery, useKick } from '../lib/sharing'
import type { Presence, Room } from '../lib/types'
import { t } from '../texts'

export function HereNow({ room }: { room: Room }) {
  const { data } = useQuery(presenceQuery(room.id))
  const guests = data?.people.filter((p) => p.user === null) ?? []

  if (guests.length === 0) return null

  return (
    <>
      <Heading as="h2" size="2" mt="5" mb="1">
        {t.share.guests}
      </Heading>
      <ul className="td-list td-rows">
        {guests.map((p) => (
          <Guest key={p.id} room={room} guest={p} />
        ))}
      </ul>
    </>
  )
}

function Guest({ room, guest }: { room: Room; guest: Presence }) {
  const toast = useToast()
  const kick = useKick(room.id)
  const name = guest.name || t.account.guest

  const sendAway = () =>
    void kick.mutateAsync(guest.id).then(
      () => toast({ text: t.share.kicked(name) }),
      (error: unknown) => toast({ text: errorText(error), tone: 'error' }),
    )

  return (
    <li className="td-row">
      <PersonAvatar person={{ name, color: guest.color ?? '' }} />
      <div className="td-grow">
        <Text as="p" size="2" truncate>
          {name}
        </Text>
        <Text as="p" size="1" color="gray">
          {t.roles[guest.role]}
        </Text>
      </div>
      {room.role === 'owner' && (
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
      )}
    </li>
  )
}
