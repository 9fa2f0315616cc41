// A link that only those who know its password may use.
import { LockClosedIcon } from '@radix-ui/react-icons'
import { Button } from '@radix-ui/themes'
import { type FormEvent, useState } from 'react'
import { CenterPage } from '../components/CenterPage'
import { PasswordField } from '../components/Field'
import { FormError } from '../components/FormError'
import { hasCode } from '../lib/errors'
import { useUnlock } from '../lib/sharing'
import { t } from '../texts'

export function LinkPassword({ room, link }: { room: string; link: string }) {
  const unlock = useUnlock(room)
  const [password, setPassword] = useState('')
  const wrong = hasCode(unlock.error, 'invalid_credentials', 'forbidden', 'link_password')

  const send = (event: FormEvent) => {
    event.preventDefault()
    unlock.mutate({ link, password })
  }

  return (
    <CenterPage
      icon={<LockClosedIcon width={22} height={22} />}
      title={t.board.linkPassword}
      text={t.board.linkPasswordText}
    >
      <form onSubmit={send}>
        <PasswordField
          label={t.account.password}
          autoComplete="off"
          autoFocus
          required
          value={password}
          error={wrong ? t.board.linkPasswordWrong : undefined}
          onChange={(e) => setPassword(e.target.value)}
        />
        {!wrong && <FormError error={unlock.error} />}
        <Button size="3" type="submit" loading={unlock.isPending} className="td-wide">
          {t.invite.accept}
        </Button>
      </form>
    </CenterPage>
  )
}
