// The question before what the one who asked cannot take back.
import { AlertDialog, Button, Flex } from '@radix-ui/themes'
import type { ReactElement } from 'react'
import { t } from '../texts'

export interface Asking {
  open: boolean
  onOpenChange: (open: boolean) => void
  /* what opens it, where that is a button of its own */
  children?: ReactElement
}

interface Props extends Asking {
  title: string
  text: string
  action: string
  color?: 'red'
  onAction: () => void
}

export function AskDialog({ title, text, action, color, onAction, open, onOpenChange, children }: Props) {
  return (
    <AlertDialog.Root open={open} onOpenChange={onOpenChange}>
      {children && <AlertDialog.Trigger>{children}</AlertDialog.Trigger>}
      <AlertDialog.Content maxWidth="420px">
        <AlertDialog.Title>{title}</AlertDialog.Title>
        <AlertDialog.Description size="2">{text}</AlertDialog.Description>
        <Flex gap="3" mt="4" justify="end">
          <AlertDialog.Cancel>
            <Button variant="soft" color="gray">
              {t.cancel}
            </Button>
          </AlertDialog.Cancel>
          <AlertDialog.Action>
            <Button color={color} onClick={onAction}>
              {action}
            </Button>
          </AlertDialog.Action>
        </Flex>
      </AlertDialog.Content>
    </AlertDialog.Root>
  )
}
