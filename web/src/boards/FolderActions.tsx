// Beside the name of a folder: renaming it, taking it away. The boards in it
// stay, so taking away is undone by putting them into a new one.
import { DotsHorizontalIcon, Pencil1Icon, TrashIcon } from '@radix-ui/react-icons'
import { DropdownMenu, IconButton } from '@radix-ui/themes'
import { useState } from 'react'
import { useNavigate } from 'react-router-dom'
import { NameDialog } from '../components/NameDialog'
import { useFailed, useToast } from '../components/Toasts'
import { useDeleteFolder, useRenameFolder, useRestoreFolder } from '../lib/folders'
import type { Folder, Room } from '../lib/types'
import { t } from '../texts'

export function FolderActions({ folder }: { folder: Folder }) {
  const navigate = useNavigate()
  const toast = useToast()
  const rename = useRenameFolder()
  const remove = useDeleteFolder()
  const restore = useRestoreFolder()
  const [renaming, setRenaming] = useState(false)
  const failed = useFailed()

  const undo = (rooms: Room[]) =>
    void restore.mutateAsync({ name: folder.name, rooms }).then((f) => navigate(`/folder/${f.id}`), failed)

  const takeAway = () =>
    remove.mutateAsync(folder).then((rooms) => {
      navigate('/')
      toast({ text: t.boards.folderDeleted(folder.name), action: { label: t.undo, onSelect: () => undo(rooms) } })
    }, failed)

  return (
    <>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger>
          <IconButton variant="ghost" color="gray" aria-label={t.boards.folderActions(folder.name)}>
            <DotsHorizontalIcon />
          </IconButton>
        </DropdownMenu.Trigger>
        <DropdownMenu.Content>
          <DropdownMenu.Item onSelect={() => setRenaming(true)}>
            <Pencil1Icon /> {t.boards.rename}
          </DropdownMenu.Item>
          <DropdownMenu.Item color="red" onSelect={() => void takeAway()}>
            <TrashIcon /> {t.boards.deleteFolder}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Root>
      <NameDialog
        open={renaming}
        onOpenChange={setRenaming}
        title={t.boards.renameFolder}
        label={t.boards.folderName}
        submit={t.save}
        name={folder.name}
        onName={(name) => rename.mutate({ id: folder.id, name }, { onError: failed })}
      />
    </>
  )
}
