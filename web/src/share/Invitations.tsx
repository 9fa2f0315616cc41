import { Cross2Icon, EnvelopeClosedIcon } from '@radix-ui/react-icons'
import { Flex, Heading, IconButton, Text } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { CopyButton } from '../components/CopyButton'
import { useFailed } from '../components/Toasts'
import { inviteUrl } from '../lib/base'
import { invitesQuery, useRevokeInvite } from '../lib/sharing'
import { shortDate } from '../lib/time'
import type { Invite, Room } from '../lib/types'
import { t } from '../texts'

export function Invitations({ room }: { room: Room }) {
  const { data } = useQuery(invitesQuery(room.id))

  if (!data || data.invites.length === 0) return null

  return (
    <>
      <Heading as="h2" size="2" mt="5">
        {t.share.invitations}
      </Heading>
      <Text as="p" size="1" color="gray" mb="2">
        {t.share.invitationHint}
      </Text>
      <ul className="td-list td-rows">
        {data.invites.map((i) => (
          <InviteRow key={i.id} room={room} invite={i} />
        ))}
      </ul>
    </>
  )
}

function InviteRow({ room, invite }: { room: Room; invite: Invite }) {
  const failed = useFailed()
  const revoke = useRevokeInvite(room.id)

  return (
    <li className="td-row">
      <span className="td-row-icon">
        <EnvelopeClosedIcon />
      </span>
      <div className="td-grow">
        <Text as="p" size="2" truncate>
          {invite.email ?? t.share.anyone}
        </Text>
        <Text as="p" size="1" color="gray">
          {t.roles[invite.role]}, {t.share.until(shortDate(invite.expires_at))}
        </Text>
      </div>
      <Flex gap="3" align="center">
        <CopyButton text={inviteUrl(invite.token)} label={t.share.copyLink} />
        <IconButton
          variant="ghost"
          color="gray"
          aria-label={t.share.revoke}
          title={t.share.revoke}
          loading={revoke.isPending}
          onClick={() => revoke.mutate(invite.id, { onError: failed })}
        >
          <Cross2Icon />
        </IconButton>
      </Flex>
    </li>
  )
}
