// The editor's menus, with the way back to the boards before them.
import { ArrowLeftIcon } from '@radix-ui/react-icons'
import type { MouseEvent } from 'react'
import { Link, useNavigate } from 'react-router-dom'
import { DefaultMenuPanel } from 'tldraw'
import { useUser } from '../lib/query'
import { t } from '../texts'
import { useBoard } from './BoardContext'

/* how long somebody who leaves waits for what is not done yet */
const PATIENCE = 600

export function MenuPanel() {
  const user = useUser()
  const navigate = useNavigate()
  const { unsaved, leaving } = useBoard()

  const leave = (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()

    const late = new Promise((resolve) => setTimeout(resolve, PATIENCE))
    const done = Promise.all([unsaved?.settle(PATIENCE), leaving.current?.()])
    void Promise.race([done, late]).then(() => navigate('/'))
  }

  return (
    <div className="td-menu">
      {user && (
        <Link
          to="/"
          className="tlui-button tlui-button__icon td-back"
          aria-label={t.toBoards}
          title={t.toBoards}
          onClick={leave}
        >
          <ArrowLeftIcon width={18} height={18} />
        </Link>
      )}
      <DefaultMenuPanel />
    </div>
  )
}
