// The editor's menus, with the way back to the boards before them.
import { ArrowLeftIcon } from '@radix-ui/react-icons'
import { Link } from 'react-router-dom'
import { DefaultMenuPanel } from 'tldraw'
import { useUser } from '../lib/query'
import { t } from '../texts'

export function MenuPanel() {
  const user = useUser()

  return (
    <div className="td-menu">
      {user && (
        <Link to="/" className="tlui-button tlui-button__icon td-back" aria-label={t.toBoards} title={t.toBoards}>
          <ArrowLeftIcon width={18} height={18} />
        </Link>
      )}
      <DefaultMenuPanel />
    </div>
  )
}
