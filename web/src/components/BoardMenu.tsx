import { DotsHorizontalIcon, Pencil1Icon, TrashIcon } from '@radix-ui/react-icons'
import { DropdownMenu, IconButton } from '@radix-ui/themes'
import { useRef } from 'react'
import { errorText } from '../lib/errors'
import { useDeleteRoom, useRestoreRoom } from '../lib/rooms'
import type { Room } from '../lib/types'
import { t } from '../texts'
import { useToast } from './Toasts'

export function BoardMenu({ room, onRename }: { room: Room; onRename: () => void }) {
  const toast = useToast()
  const remove = useDeleteRoom()
  const restore = useRestoreRoom()
  const renaming = useRef(false)
  const failed = (error: unknown) => toast({ text: errorText(error), tone: 'error' })

  const undo = () => restore.mutate(room.id, { onError: failed })

  /* the answer may come when this card is gone: not as options of mutate() */
  const moveToBin = () =>
    remove.mutateAsync(room.id).then(
      () => toast({ text: t.boards.deleted(room.name), action: { label: t.undo, onSelect: undo } }),
      failed,
    )

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
        <DropdownMenu.Item
          onSelect={() => {
            renaming.current = true
            onRename()
          }}
        >
          <Pencil1Icon /> {t.boards.rename}
        </DropdownMenu.Item>
        {room.role === 'owner' && (
          <DropdownMenu.Item color="red" onSelect={() => void moveToBin()}>
            <TrashIcon /> {t.boards.delete}
          </DropdownMenu.Item>
        )}
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  )
}
