import { Button, Text } from '@radix-ui/themes'
import { type FormEvent, useState } from 'react'
import { Link } from 'react-router-dom'
import { useSignIn } from '../lib/query'
import { t } from '../texts'
import { Field, PasswordField } from './Field'
import { FormError } from './FormError'

export function SignInForm({ onDone }: { onDone: () => void }) {
  const signIn = useSignIn()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')

  const send = (event: FormEvent) => {
    event.preventDefault()
    /* like in RegisterForm: not as a callback of mutate() */
    signIn.mutateAsync({ email: email.trim(), password }).then(onDone, () => undefined)
  }

  return (
    <form onSubmit={send}>
      <Field
        label={t.account.email}
        type="email"
        autoComplete="username"
        required
        value={email}
        onChange={(e) => setEmail(e.target.value)}
      />
      <PasswordField
        label={t.account.password}
        autoComplete="current-password"
        required
        value={password}
        onChange={(e) => setPassword(e.target.value)}
      />
      <FormError error={signIn.error} />
      <Button size="3" type="submit" loading={signIn.isPending} className="td-wide">
        {t.account.signIn}
      </Button>
      <Text as="p" size="2" mt="4" align="center">
        <Link to="/forgot" className="td-link">
          {t.reset.forgot}
        </Link>
      </Text>
    </form>
  )
}
