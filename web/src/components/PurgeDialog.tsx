// Deleting a board for ever is the one thing that cannot be undone, so it is
// asked.
import { AlertDialog, Button, Flex } from '@radix-ui/themes'
import type { ReactElement } from 'react'
import { t } from '../texts'

interface Props {
  name: string
  open: boolean
  onOpenChange: (open: boolean) => void
  onPurge: () => void
  children?: ReactElement
}

export function PurgeDialog({ name, open, onOpenChange, onPurge, children }: Props) {
  return (
    <AlertDialog.Root open={open} onOpenChange={onOpenChange}>
      {children && <AlertDialog.Trigger>{children}</AlertDialog.Trigger>}
      <AlertDialog.Content maxWidth="420px">
        <AlertDialog.Title>{t.boards.purgeTitle(name)}</AlertDialog.Title>
        <AlertDialog.Description size="2">{t.boards.purgeText}</AlertDialog.Description>
        <Flex gap="3" mt="4" justify="end">
          <AlertDialog.Cancel>
            <Button variant="soft" color="gray">
              {t.cancel}
            </Button>
          </AlertDialog.Cancel>
          <AlertDialog.Action>
            <Button color="red" onClick={onPurge}>
              {t.boards.purge}
            </Button>
          </AlertDialog.Action>
        </Flex>
      </AlertDialog.Content>
    </AlertDialog.Root>
  )
}
