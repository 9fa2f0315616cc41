// Who leaves a board cannot come back without somebody who is there, so it is asked.
import { AlertDialog, Button, Flex } from '@radix-ui/themes'
import { t } from '../texts'

interface Props {
  name: string
  open: boolean
  onOpenChange: (open: boolean) => void
  onLeave: () => void
}

export function LeaveDialog({ name, open, onOpenChange, onLeave }: Props) {
  return (
    <AlertDialog.Root open={open} onOpenChange={onOpenChange}>
      <AlertDialog.Content maxWidth="420px">
        <AlertDialog.Title>{t.share.leaveTitle(name)}</AlertDialog.Title>
        <AlertDialog.Description size="2">{t.share.leaveText}</AlertDialog.Description>
        <Flex gap="3" mt="4" justify="end">
          <AlertDialog.Cancel>
            <Button variant="soft" color="gray">
              {t.cancel}
            </Button>
          </AlertDialog.Cancel>
          <AlertDialog.Action>
            <Button color="red" onClick={onLeave}>
              {t.share.leave}
            </Button>
          </AlertDialog.Action>
        </Flex>
      </AlertDialog.Content>
    </AlertDialog.Root>
  )
}
