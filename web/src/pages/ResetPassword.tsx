// The address that was sent: a new password, and one is signed in.
import { Button } from '@radix-ui/themes'
import { type FormEvent, useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router-dom'
import { CenterPage } from '../components/CenterPage'
import { NewPasswordField } from '../components/Field'
import { FormError, fieldError } from '../components/FormError'
import { useConfirmReset } from '../lib/account'
import { hasCode } from '../lib/errors'
import { t } from '../texts'

export function ResetPassword() {
  const { token = '' } = useParams()
  const navigate = useNavigate()
  const confirm = useConfirmReset()
  const [password, setPassword] = useState('')

  if (hasCode(confirm.error, 'gone', 'not_found', 'forbidden')) {
    return (
      <CenterPage title={t.reset.gone} text={t.reset.goneText}>
        <Button size="3" asChild>
          <Link to="/forgot">{t.reset.again}</Link>
        </Button>
      </CenterPage>
    )
  }

  const send = (event: FormEvent) => {
    event.preventDefault()
    confirm.mutateAsync({ token, password }).then(() => navigate('/', { replace: true }), () => undefined)
  }

  return (
    <CenterPage title={t.reset.newTitle} text={t.reset.newText}>
      <form onSubmit={send}>
        <NewPasswordField
          label={t.me.newPassword}
          value={password}
          error={fieldError(confirm.error, 'password')}
          onChange={(e) => setPassword(e.target.value)}
        />
        <FormError error={confirm.error} fields={['password']} />
        <Button size="3" type="submit" loading={confirm.isPending} className="td-wide">
          {t.reset.save}
        </Button>
      </form>
    </CenterPage>
  )
}
