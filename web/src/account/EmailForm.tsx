import { Button } from '@radix-ui/themes'
import { type FormEvent, useState } from 'react'
import { Field, PasswordField } from '../components/Field'
import { FormError, fieldError } from '../components/FormError'
import { useToast } from '../components/Toasts'
import { useUpdateMe } from '../lib/account'
import { useUser } from '../lib/query'
import { t } from '../texts'

/* the password is asked when there is something to confirm by it */
export function EmailForm() {
  const user = useUser()
  const toast = useToast()
  const update = useUpdateMe()
  const [email, setEmail] = useState(user?.email ?? '')
  const [current, setCurrent] = useState('')
  const changed = email.trim().toLowerCase() !== user?.email

  const save = (event: FormEvent) => {
    event.preventDefault()
    update.mutateAsync({ email: email.trim(), current }).then(
      () => {
        setCurrent('')
        toast({ text: t.me.emailSaved })
      },
      () => undefined,
    )
  }

  return (
    <form onSubmit={save}>
      <Field
        label={t.account.email}
        type="email"
        autoComplete="email"
        required
        value={email}
        error={fieldError(update.error, 'email')}
        onChange={(e) => setEmail(e.target.value)}
      />
      {changed && (
        <>
          <PasswordField
            label={t.me.currentPassword}
            autoComplete="current-password"
            required
            value={current}
            onChange={(e) => setCurrent(e.target.value)}
          />
          <FormError error={update.error} fields={['email']} />
          <Button type="submit" loading={update.isPending}>
            {t.save}
          </Button>
        </>
      )}
    </form>
  )
}
