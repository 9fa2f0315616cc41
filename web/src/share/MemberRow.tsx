import { Cross2Icon, ExitIcon } from '@radix-ui/react-icons'
import { IconButton, Text } from '@radix-ui/themes'
import { useNavigate } from 'react-router-dom'
import { PersonAvatar } from '../components/PersonAvatar'
import { useToast } from '../components/Toasts'
import { errorText, hasCode } from '../lib/errors'
import { useUser } from '../lib/query'
import { useChangeRole, useRemoveMember } from '../lib/sharing'
import type { Member, Room } from '../lib/types'
import { t } from '../texts'
import { RoleSelect } from './RoleSelect'

export function MemberRow({ room, member }: { room: Room; member: Member }) {
  const { user, role } = member
  const me = useUser()?.id === user.id
  const owner = room.role === 'owner'
  const toast = useToast()
  const navigate = useNavigate()
  const change = useChangeRole(room.id)
  const remove = useRemoveMember(room.id)

  const failed = (error: unknown) =>
    toast({ text: hasCode(error, 'conflict') ? t.share.lastOwner : errorText(error), tone: 'error' })

  /* the row, and for oneself the board, is gone when this is known */
  const takeOut = () =>
    remove.mutateAsync(user.id).then(() => {
      if (me) navigate('/')
    }, failed)

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
      {(owner || me) && (
        <IconButton
          variant="ghost"
          color="gray"
          loading={remove.isPending}
          aria-label={me ? t.share.leave : t.share.removePerson(user.name)}
          title={me ? t.share.leave : t.share.remove}
          onClick={() => void takeOut()}
        >
          {me ? <ExitIcon /> : <Cross2Icon />}
        </IconButton>
      )}
    </li>
  )
}
