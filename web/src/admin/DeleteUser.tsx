import { Dialog } from '@radix-ui/themes'
import { type FormEvent, useState } from 'react'
import { BoardsFateField } from '../components/BoardsFateField'
import { DialogButtons } from '../components/DialogButtons'
import { FormError, fieldError } from '../components/FormError'
import { useToast } from '../components/Toasts'
import type { BoardsFate } from '../lib/account'
import { type AdminUser, useDeleteUser } from '../lib/admin'
import { hasCode } from '../lib/errors'
import { t } from '../texts'

interface Props {
  user: AdminUser
  open: boolean
  onOpenChange: (open: boolean) => void
}

export function DeleteUser({ user, open, onOpenChange }: Props) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Content maxWidth="440px">
        <Dialog.Title mb="1">{t.admin.deleteOf(user.name)}</Dialog.Title>
        <Dialog.Description size="2" color="gray" mb="4">
          {t.admin.deleteText}
        </Dialog.Description>
        <DeleteForm user={user} />
      </Dialog.Content>
    </Dialog.Root>
  )
}

function DeleteForm({ user }: { user: AdminUser }) {
  const toast = useToast()
  const remove = useDeleteUser()
  const [fate, setFate] = useState<BoardsFate>({ boards: 'transfer', to: '' })

  const send = (event: FormEvent) => {
    event.preventDefault()
    remove.mutateAsync({ id: user.id, how: fate }).then(
      () => toast({ text: t.admin.userDeleted(user.name) }),
      () => undefined,
    )
  }

  return (
    <form onSubmit={send}>
      <BoardsFateField value={fate} error={fieldError(remove.error, 'to')} onChange={setFate} />
      <FormError
        error={remove.error}
        text={hasCode(remove.error, 'conflict') ? t.admin.lastAdmin : undefined}
        fields={['to']}
      />
      <DialogButtons submit={t.admin.deleteUser} color="red" loading={remove.isPending} />
    </form>
  )
}
