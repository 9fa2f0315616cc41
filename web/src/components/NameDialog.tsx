// Asks for a name: of a folder, for example.
import { Dialog } from '@radix-ui/themes'
import type { FormEvent } from 'react'
import { DialogButtons } from './DialogButtons'
import { Field } from './Field'

interface Props {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  label: string
  submit: string
  name?: string
  onName: (name: string) => void
}

export function NameDialog({ open, onOpenChange, title, label, submit, name = '', onName }: Props) {
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const wanted = String(new FormData(event.currentTarget).get('name')).trim()
    if (!wanted) return
    onName(wanted)
    onOpenChange(false)
  }

  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Content maxWidth="400px" aria-describedby={undefined}>
        <Dialog.Title>{title}</Dialog.Title>
        <form onSubmit={send}>
          <Field label={label} name="name" defaultValue={name} maxLength={100} required autoComplete="off" />
          <DialogButtons submit={submit} />
        </form>
      </Dialog.Content>
    </Dialog.Root>
  )
}
