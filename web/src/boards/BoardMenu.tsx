// What can be done with a board in the list.
import { ArchiveIcon, CopyIcon, DotsHorizontalIcon, ExitIcon, Pencil1Icon, TrashIcon } from '@radix-ui/react-icons'
import { DropdownMenu, IconButton } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { useNavigate } from 'react-router-dom'
import { LeaveDialog } from '../components/LeaveDialog'
import { useFailed, useToast } from '../components/Toasts'
import { foldersQuery } from '../lib/folders'
import { useUser } from '../lib/query'
import { useDeleteRoom, useDuplicateRoom, useMoveRoom, useRestoreRoom } from '../lib/rooms'
import { useRemoveMember } from '../lib/sharing'
import type { Room } from '../lib/types'
import { t } from '../texts'

export function BoardMenu({ room, onRename }: { room: Room; onRename: () => void }) {
  const renaming = useRef(false)
  const duplicate = useDuplicate(room)
  const moveToBin = useMoveToBin(room)
  const leave = useLeave(room)
  const [leaving, setLeaving] = useState(false)

  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger>
        <IconButton variant="ghost" color="gray" className="td-above" aria-label={t.boards.actions(room.name)}>
          <DotsHorizontalIcon />
        </IconButton>
      </DropdownMenu.Trigger>
      <DropdownMenu.Content
        align="end"
        onCloseAutoFocus={(event) => {
          /* the field that replaces this card's name has the focus then */
          if (renaming.current) event.preventDefault()
          renaming.current = false
        }}
      >
        {room.role !== 'viewer' && (
          <DropdownMenu.Item
            onSelect={() => {
              renaming.current = true
              onRename()
            }}
          >
            <Pencil1Icon /> {t.boards.rename}
          </DropdownMenu.Item>
        )}
        <DropdownMenu.Item onSelect={duplicate}>
          <CopyIcon /> {t.boards.duplicate}
        </DropdownMenu.Item>
        <MoveTo room={room} />
        {room.role === 'owner' && (
          <DropdownMenu.Item color="red" onSelect={moveToBin}>
            <TrashIcon /> {t.boards.delete}
          </DropdownMenu.Item>
        )}
        {room.role !== 'owner' && (
          <DropdownMenu.Item color="red" onSelect={() => setLeaving(true)}>
            <ExitIcon /> {t.share.leave}
          </DropdownMenu.Item>
        )}
      </DropdownMenu.Content>
      <LeaveDialog name={room.name} open={leaving} onOpenChange={setLeaving} onLeave={leave} />
    </DropdownMenu.Root>
  )
}

function useDuplicate(room: Room) {
  const toast = useToast()
  const failed = useFailed()
  const navigate = useNavigate()
  const duplicate = useDuplicateRoom()

  return () =>
    void duplicate.mutateAsync(room).then(
      (copy) =>
        toast({
          text: t.boards.duplicated(room.name),
          action: { label: t.boards.openIt, onSelect: () => navigate(`/board/${copy.id}`) },
        }),
      failed,
    )
}

/* the answer may come when this card is gone: not as options of mutate() */
function useMoveToBin(room: Room) {
  const toast = useToast()
  const remove = useDeleteRoom()
  const restore = useRestoreRoom()
  const failed = useFailed()
  const undo = () => restore.mutate(room.id, { onError: failed })

  return () =>
    void remove
      .mutateAsync(room.id)
      .then(() => toast({ text: t.boards.deleted(room.name), action: { label: t.undo, onSelect: undo } }), failed)
}

function useLeave(room: Room) {
  const user = useUser()
  const toast = useToast()
  const failed = useFailed()
  const remove = useRemoveMember(room.id)

  return () =>
    void (user && remove.mutateAsync(user.id).then(() => toast({ text: t.share.left(room.name) }), failed))
}

const NONE = '-'

function MoveTo({ room }: { room: Room }) {
  const toast = useToast()
  const failed = useFailed()
  const move = useMoveRoom()
  const { data } = useQuery(foldersQuery)

  if (!data || data.folders.length === 0) return null

  const moveTo = (value: string) => {
    const folder = value === NONE ? null : value
    const name = data.folders.find((f) => f.id === folder)?.name
    const undo = () => move.mutate({ id: room.id, folder: room.folder }, { onError: failed })

    void move.mutateAsync({ id: room.id, folder }).then(
      () =>
        toast({
          text: name ? t.boards.moved(room.name, name) : t.boards.movedOut(room.name),
          action: { label: t.undo, onSelect: undo },
        }),
      failed,
    )
  }

  return (
    <DropdownMenu.Sub>
      <DropdownMenu.SubTrigger>
        <ArchiveIcon /> {t.boards.moveTo}
      </DropdownMenu.SubTrigger>
      <DropdownMenu.SubContent>
        <DropdownMenu.RadioGroup value={room.folder ?? NONE} onValueChange={moveTo}>
          <DropdownMenu.RadioItem value={NONE}>{t.boards.noFolder}</DropdownMenu.RadioItem>
          {data.folders.map((f) => (
            <DropdownMenu.RadioItem key={f.id} value={f.id}>
              {f.name}
            </DropdownMenu.RadioItem>
          ))}
        </DropdownMenu.RadioGroup>
      </DropdownMenu.SubContent>
    </DropdownMenu.Sub>
  )
}
