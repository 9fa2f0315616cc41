import { Button, Dialog } from '@radix-ui/themes'
import { type FormEvent, useState } from 'react'
import { useNavigate } from 'react-router-dom'
import { BoardsFateField } from '../components/BoardsFateField'
import { DialogButtons } from '../components/DialogButtons'
import { PasswordField } from '../components/Field'
import { FormError, fieldError } from '../components/FormError'
import { useToast } from '../components/Toasts'
import { type BoardsFate, useDeleteMe } from '../lib/account'
import { hasCode } from '../lib/errors'
import { t } from '../texts'

export function DeleteAccount() {
  return (
    <Dialog.Root>
      <Dialog.Trigger>
        <Button variant="soft" color="red">
          {t.me.delete}
        </Button>
      </Dialog.Trigger>
      <Dialog.Content maxWidth="440px">
        <Dialog.Title mb="1">{t.me.delete}</Dialog.Title>
        <Dialog.Description size="2" color="gray" mb="4">
          {t.me.deleteFinal}
        </Dialog.Description>
        <DeleteForm />
      </Dialog.Content>
    </Dialog.Root>
  )
}

function DeleteForm() {
  const navigate = useNavigate()
  const toast = useToast()
  const remove = useDeleteMe()
  const [fate, setFate] = useState<BoardsFate>({ boards: 'transfer', to: '' })
  const [password, setPassword] = useState('')
  const lastAdmin = hasCode(remove.error, 'conflict')

  const send = (event: FormEvent) => {
    event.preventDefault()
    remove.mutateAsync({ ...fate, password }).then(
      () => {
        navigate('/sign-in')
        toast({ text: t.me.deleted })
      },
      () => undefined,
    )
  }

  return (
    <form onSubmit={send}>
      <BoardsFateField value={fate} error={fieldError(remove.error, 'to')} onChange={setFate} />
      <PasswordField
        label={t.account.password}
        autoComplete="current-password"
        required
        value={password}
        onChange={(e) => setPassword(e.target.value)}
      />
      <FormError error={remove.error} text={lastAdmin ? t.me.lastAdmin : undefined} fields={['to']} />
      <DialogButtons submit={t.me.deleteNow} color="red" loading={remove.isPending} />
    </form>
  )
}
