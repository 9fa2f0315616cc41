// Giving the board to a member, taking a member out, leaving.
import { DotsHorizontalIcon } from '@radix-ui/react-icons'
import { DropdownMenu, IconButton } from '@radix-ui/themes'
import { useState } from 'react'
import { useNavigate } from 'react-router-dom'
import { AskDialog } from '../components/AskDialog'
import { LeaveDialog } from '../components/LeaveDialog'
import { useToast } from '../components/Toasts'
import { useAddMember, useRemoveMember, useTransfer } from '../lib/sharing'
import type { Member, Room } from '../lib/types'
import { t } from '../texts'

interface Props {
  room: Room
  member: Member
  me: boolean
  onFailed: (error: unknown) => void
}

export function MemberMenu({ room, member, me, onFailed }: Props) {
  const { user, role } = member
  const toast = useToast()
  const navigate = useNavigate()
  const remove = useRemoveMember(room.id)
  const add = useAddMember(room.id)
  const transfer = useTransfer(room.id)
  const [asking, setAsking] = useState(false)
  const [leaving, setLeaving] = useState(false)

  const bringBack = (email: string) => void add.mutateAsync({ email, role }).catch(onFailed)

  /* the row, and for oneself the board, is gone when this is known */
  const takeOut = () =>
    void remove.mutateAsync(user.id).then(() => {
      if (me) return navigate('/')
      const { email } = user
      const undo = email !== null && { action: { label: t.undo, onSelect: () => bringBack(email) } }
      toast({ text: t.share.removed(user.name), ...undo })
    }, onFailed)

  const give = () =>
    void transfer.mutateAsync(user.id).then(() => toast({ text: t.share.transferred(user.name) }), onFailed)

  return (
    <>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger>
          <IconButton
            variant="ghost"
            color="gray"
            loading={remove.isPending || transfer.isPending}
            aria-label={t.share.actionsFor(user.name)}
          >
            <DotsHorizontalIcon />
          </IconButton>
        </DropdownMenu.Trigger>
        <DropdownMenu.Content align="end">
          {room.role === 'owner' && !me && (
            <DropdownMenu.Item onSelect={() => setAsking(true)}>{t.share.transfer}</DropdownMenu.Item>
          )}
          <DropdownMenu.Item color="red" onSelect={me ? () => setLeaving(true) : takeOut}>
            {me ? t.share.leave : t.share.remove}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Root>
      <LeaveDialog name={room.name} open={leaving} onOpenChange={setLeaving} onLeave={takeOut} />
      {/* only the new owner could give it back */}
      <AskDialog
        open={asking}
        onOpenChange={setAsking}
        title={t.share.transferTitle(room.name, user.name)}
        text={t.share.transferText}
        action={t.share.transfer}
        onAction={give}
      />
    </>
  )
}
