import { PlusIcon } from '@radix-ui/react-icons'
import { Button, Dialog, Flex, Text, Switch } from '@radix-ui/themes'
import { type FormEvent, useState } from 'react'
import { DialogButtons } from '../components/DialogButtons'
import { Field } from '../components/Field'
import { FormError, fieldError } from '../components/FormError'
import { useAddUser } from '../lib/admin'
import { t } from '../texts'
import { ResetLink } from './ResetLink'

export function AddUser() {
  const [open, setOpen] = useState(false)
  const [made, setMade] = useState<{ name: string; link: string } | null>(null)

  return (
    <>
      <Button size="3" onClick={() => setOpen(true)}>
        <PlusIcon /> {t.admin.addUser}
      </Button>
      <Dialog.Root open={open} onOpenChange={setOpen}>
        <Dialog.Content maxWidth="420px">
          <Dialog.Title mb="1">{t.admin.addUser}</Dialog.Title>
          <Dialog.Description size="2" color="gray" mb="4">
            {t.admin.addUserText}
          </Dialog.Description>
          <AddUserForm
            onMade={(name, link) => {
              setOpen(false)
              setMade({ name, link })
            }}
          />
        </Dialog.Content>
      </Dialog.Root>
      <ResetLink name={made?.name ?? ''} link={made?.link ?? null} onClose={() => setMade(null)} />
    </>
  )
}

function AddUserForm({ onMade }: { onMade: (name: string, link: string) => void }) {
  const add = useAddUser()
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const [admin, setAdmin] = useState(false)

  const send = (event: FormEvent) => {
    event.preventDefault()
    add
      .mutateAsync({ name: name.trim(), email: email.trim(), role: admin ? 'admin' : 'user' })
      .then((answer) => onMade(name.trim(), answer.reset_link), () => undefined)
  }

  return (
    <form onSubmit={send}>
      <Field
        label={t.account.name}
        autoComplete="off"
        maxLength={60}
        required
        value={name}
        error={fieldError(add.error, 'name')}
        onChange={(e) => setName(e.target.value)}
      />
      <Field
        label={t.account.email}
        type="email"
        autoComplete="off"
        required
        value={email}
        error={fieldError(add.error, 'email')}
        onChange={(e) => setEmail(e.target.value)}
      />
      <Text as="label" size="2">
        <Flex gap="2" align="center" mb="4">
          <Switch checked={admin} onCheckedChange={setAdmin} /> {t.admin.roles.admin}
        </Flex>
      </Text>
      <FormError error={add.error} fields={['name', 'email']} />
      <DialogButtons submit={t.admin.addUser} loading={add.isPending} />
    </form>
  )
}
