import { Text } from '@radix-ui/themes'
import { PersonAvatar } from '../components/PersonAvatar'
import { useToast } from '../components/Toasts'
import { errorText, hasCode } from '../lib/errors'
import { useUser } from '../lib/query'
import { useChangeRole } from '../lib/sharing'
import type { Member, Room } from '../lib/types'
import { t } from '../texts'
import { MemberMenu } from './MemberMenu'
import { RoleSelect } from './RoleSelect'

export function MemberRow({ room, member }: { room: Room; member: Member }) {
  const { user, role } = member
  const me = useUser()?.id === user.id
  const owner = room.role === 'owner'
  const toast = useToast()
  const change = useChangeRole(room.id)

  const failed = (error: unknown) =>
    toast({ text: hasCode(error, 'conflict') ? t.share.lastOwner : errorText(error), tone: 'error' })

  return (
    <li className="td-row">
      <PersonAvatar person={user} />
      <div className="td-grow">
        <Text as="p" size="2" truncate>
          {user.name}
          {me && ` (${t.boards.you})`}
        </Text>
        <Text as="p" size="1" color="gray" truncate>
          {user.email}
        </Text>
      </div>
      {owner ? (
        <RoleSelect
          value={role}
          label={t.share.roleOf(user.name)}
          disabled={change.isPending}
          onChange={(next) => change.mutate({ user: user.id, role: next }, { onError: failed })}
        />
      ) : (
        <Text size="2" color="gray">
          {t.roles[role]}
        </Text>
      )}
      {(owner || me) && <MemberMenu room={room} member={member} me={me} onFailed={failed} />}
    </li>
  )
}
