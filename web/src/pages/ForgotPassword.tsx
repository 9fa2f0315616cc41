// Asks the server to send a link for a new password.
import { EnvelopeClosedIcon } from '@radix-ui/react-icons'
import { Button } from '@radix-ui/themes'
import { type FormEvent, useState } from 'react'
import { Link } from 'react-router-dom'
import { CenterPage } from '../components/CenterPage'
import { Field } from '../components/Field'
import { FormError, fieldError } from '../components/FormError'
import { useAskReset } from '../lib/account'
import { t } from '../texts'

export function ForgotPassword() {
  const ask = useAskReset()
  const [email, setEmail] = useState('')

  const send = (event: FormEvent) => {
    event.preventDefault()
    ask.mutate(email.trim())
  }

  const back = (
    <Link to="/sign-in" className="td-link">
      {t.reset.back}
    </Link>
  )

  if (ask.isSuccess) {
    return (
      <CenterPage
        icon={<EnvelopeClosedIcon width={22} height={22} />}
        title={t.reset.sent}
        text={t.reset.sentText(email.trim())}
        footer={back}
      />
    )
  }

  return (
    <CenterPage title={t.reset.title} text={t.reset.text} footer={back}>
      <form onSubmit={send}>
        <Field
          label={t.account.email}
          type="email"
          autoComplete="username"
          required
          value={email}
          error={fieldError(ask.error, 'email')}
          onChange={(e) => setEmail(e.target.value)}
        />
        <FormError error={ask.error} fields={['email']} />
        <Button size="3" type="submit" loading={ask.isPending} className="td-wide">
          {t.reset.send}
        </Button>
      </form>
    </CenterPage>
  )
}
