// Asked once; kept by this browser.
import { Button } from '@radix-ui/themes'
import { type FormEvent, useState } from 'react'
import { Link } from 'react-router-dom'
import { CenterPage } from '../components/CenterPage'
import { Field } from '../components/Field'
import { guest } from '../lib/guest'
import { useHere } from '../lib/here'
import { t } from '../texts'

export function GuestName({ board }: { board: string }) {
  const here = useHere()
  const [name, setName] = useState('')

  const join = (event: FormEvent) => {
    event.preventDefault()
    guest.set({ name: name.trim() })
  }

  return (
    <CenterPage
      title={t.board.guestTitle}
      text={t.board.guestText(board)}
      footer={
        <>
          {t.account.haveAccount}{' '}
          <Link to="/sign-in" state={{ from: here }} className="td-link">
            {t.account.signIn}
          </Link>
        </>
      }
    >
      <form onSubmit={join}>
        <Field
          label={t.account.name}
          autoComplete="nickname"
          maxLength={60}
          autoFocus
          required
          value={name}
          onChange={(e) => setName(e.target.value)}
        />
        <Button size="3" type="submit" className="td-wide" disabled={name.trim() === ''}>
          {t.board.guestJoin}
        </Button>
      </form>
    </CenterPage>
  )
}
