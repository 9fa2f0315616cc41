// What an administrator can do with a board without opening it.
import { DotsHorizontalIcon } from '@radix-ui/react-icons'
import { DropdownMenu, IconButton } from '@radix-ui/themes'
import { useState } from 'react'
import { NameDialog } from '../components/NameDialog'
import { PurgeDialog } from '../components/PurgeDialog'
import { useFailed, useToast } from '../components/Toasts'
import { type AdminRoom, useBinRoom, useGiveRoom, usePurgeAnyRoom, useUnbinRoom } from '../lib/admin'
import { hasCode } from '../lib/errors'
import { t } from '../texts'

export function RoomMenu({ room }: { room: AdminRoom }) {
  const toast = useToast()
  const give = useGiveRoom()
  const bin = useBinRoom()
  const unbin = useUnbinRoom()
  const purge = usePurgeAnyRoom()
  const [giving, setGiving] = useState(false)
  const [purging, setPurging] = useState(false)
  const failed = useFailed()

  const giveTo = (owner: string) =>
    void give.mutateAsync({ id: room.id, owner }).then(
      () => toast({ text: t.admin.given(room.name, owner) }),
      (error: unknown) => (hasCode(error, 'not_found') ? toast({ text: t.share.noAccount(owner), tone: 'error' }) : failed(error)),
    )

  const restore = () =>
    void unbin.mutateAsync(room.id).then(() => toast({ text: t.boards.restored(room.name) }), failed)

  const remove = () =>
    void bin
      .mutateAsync(room.id)
      .then(() => toast({ text: t.boards.deleted(room.name), action: { label: t.undo, onSelect: restore } }), failed)

  const purgeNow = () =>
    void purge.mutateAsync(room.id).then(() => toast({ text: t.boards.purged(room.name) }), failed)

  return (
    <>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger>
          <IconButton variant="ghost" color="gray" aria-label={t.boards.actions(room.name)}>
            <DotsHorizontalIcon />
          </IconButton>
        </DropdownMenu.Trigger>
        <DropdownMenu.Content align="end">
          <DropdownMenu.Item onSelect={() => setGiving(true)}>{t.admin.give}</DropdownMenu.Item>
          {room.deleted_at === null ? (
            <DropdownMenu.Item color="red" onSelect={remove}>
              {t.boards.delete}
            </DropdownMenu.Item>
          ) : (
            <>
              <DropdownMenu.Item onSelect={restore}>{t.boards.restore}</DropdownMenu.Item>
              <DropdownMenu.Item color="red" onSelect={() => setPurging(true)}>
                {t.boards.purge}
              </DropdownMenu.Item>
            </>
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Root>
      <NameDialog
        open={giving}
        onOpenChange={setGiving}
        title={t.admin.giveTitle(room.name)}
        label={t.fate.to}
        submit={t.admin.give}
        onName={giveTo}
      />
      <PurgeDialog name={room.name} open={purging} onOpenChange={setPurging} onPurge={purgeNow} />
    </>
  )
}
