// Name, e-mail, password; at the first start also the code of the server.
import { Button } from '@radix-ui/themes'
import { type FormEvent, useState } from 'react'
import { useRegister } from '../lib/query'
import { t } from '../texts'
import { Field, NewPasswordField } from './Field'
import { FormError, fieldError } from './FormError'

interface Props {
  submit: string
  code?: boolean
  invite?: string
  email?: string | null
  onDone: () => void
}

const FIELDS = ['name', 'email', 'password', 'setup_code']

export function RegisterForm({ submit, code = false, invite, email, onDone }: Props) {
  const register = useRegister()
  const [form, setForm] = useState({ name: '', email: email ?? '', password: '', setup_code: '' })
  const { error } = register

  const input = (name: keyof typeof form) => ({
    value: form[name],
    error: fieldError(error, name),
    required: true,
    onChange: (e: { target: { value: string } }) => setForm({ ...form, [name]: e.target.value }),
  })

  const send = (event: FormEvent) => {
    event.preventDefault()
    const { setup_code, ...account } = form
    const registration = {
      ...account,
      name: account.name.trim(),
      ...(code && { setup_code: setup_code.trim() }),
      ...(invite && { invite }),
    }

    /* the page may show something else before the answer is handed on here:
       callbacks of mutate() would be lost then */
    register.mutateAsync(registration).then(onDone, () => undefined)
  }

  return (
    <form onSubmit={send}>
      {code && <Field label={t.setup.code} hint={t.setup.codeHint} autoComplete="off" {...input('setup_code')} />}
      <Field label={t.account.name} autoComplete="name" maxLength={60} {...input('name')} />
      <Field label={t.account.email} type="email" autoComplete="email" readOnly={Boolean(email)} {...input('email')} />
      <NewPasswordField label={t.account.password} {...input('password')} />
      <FormError error={error} fields={code ? FIELDS : FIELDS.slice(0, 3)} />
      <Button size="3" type="submit" loading={register.isPending} className="td-wide">
        {submit}
      </Button>
    </form>
  )
}
