// Making a board: an empty one with one click, or from a template or a file.
import { CaretDownIcon, FileIcon, PlusIcon, ViewGridIcon } from '@radix-ui/react-icons'
import { Button, DropdownMenu, Flex, IconButton } from '@radix-ui/themes'
import { useRef, useState } from 'react'
import { useNavigate } from 'react-router-dom'
import { useFailed } from '../components/Toasts'
import { useCreateRoom, useImportRoom } from '../lib/rooms'
import type { Room } from '../lib/types'
import { t } from '../texts'
import { TemplateDialog } from './TemplateDialog'

export function NewBoard({ folder }: { folder?: string | undefined }) {
  const navigate = useNavigate()
  const create = useCreateRoom()
  const load = useImportRoom()
  const input = useRef<HTMLInputElement>(null)
  const [choosing, setChoosing] = useState(false)
  const opened = (room: Room) => navigate(`/board/${room.id}`)
  const failed = useFailed()

  return (
    <Flex gap="1" className="td-new">
      <Button
        size="3"
        className="td-split-main"
        loading={create.isPending || load.isPending}
        onClick={() => void create.mutateAsync({ name: t.boards.untitled, folder }).then(opened, failed)}
      >
        <PlusIcon /> {t.boards.create}
      </Button>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger>
          <IconButton size="3" className="td-split-more" aria-label={t.boards.createOther}>
            <CaretDownIcon />
          </IconButton>
        </DropdownMenu.Trigger>
        <DropdownMenu.Content align="end">
          <DropdownMenu.Item onSelect={() => setChoosing(true)}>
            <ViewGridIcon /> {t.boards.fromTemplate}
          </DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => input.current?.click()}>
            <FileIcon /> {t.boards.fromFile}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Root>
      <input
        ref={input}
        type="file"
        accept=".tldr,.excalidraw"
        hidden
        aria-label={t.boards.fromFile}
        onChange={(e) => {
          const file = e.target.files?.[0]
          e.target.value = ''
          if (file) void load.mutateAsync(file).then(opened, failed)
        }}
      />
      <TemplateDialog open={choosing} onOpenChange={setChoosing} folder={folder} onCreated={opened} />
    </Flex>
  )
}
