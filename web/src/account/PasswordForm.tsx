import { Button } from '@radix-ui/themes'
import { type FormEvent, useState } from 'react'
import { NewPasswordField, PasswordField } from '../components/Field'
import { FormError, fieldError } from '../components/FormError'
import { useToast } from '../components/Toasts'
import { useChangePassword } from '../lib/account'
import { hasCode } from '../lib/errors'
import { useUser } from '../lib/query'
import { t } from '../texts'

export function PasswordForm() {
  const user = useUser()
  const toast = useToast()
  const change = useChangePassword()
  const [current, setCurrent] = useState('')
  const [password, setPassword] = useState('')
  const wrong = hasCode(change.error, 'invalid_credentials')

  const send = (event: FormEvent) => {
    event.preventDefault()
    change.mutateAsync({ current, password }).then(
      () => {
        setCurrent('')
        setPassword('')
        toast({ text: t.me.passwordSaved })
      },
      () => undefined,
    )
  }

  return (
    <form onSubmit={send}>
      {/* tells a password manager whose password this is */}
      <input type="text" name="username" autoComplete="username" value={user?.email ?? ''} readOnly hidden />
      <PasswordField
        label={t.me.currentPassword}
        autoComplete="current-password"
        required
        value={current}
        error={wrong ? t.me.wrongPassword : undefined}
        onChange={(e) => setCurrent(e.target.value)}
      />
      <NewPasswordField
        label={t.me.newPassword}
        value={password}
        error={fieldError(change.error, 'password')}
        onChange={(e) => setPassword(e.target.value)}
      />
      {!wrong && <FormError error={change.error} fields={['password']} />}
      <Button type="submit" loading={change.isPending}>
        {t.me.changePassword}
      </Button>
    </form>
  )
}
