// The way from the editor to its history, which is loaded only then. That it is
// open stands in the address: the browser's way back leads to the board.
import { Suspense, lazy, useCallback } from 'react'
import { useSearchParams } from 'react-router-dom'
import { TldrawUiMenuGroup, TldrawUiMenuItem } from 'tldraw'
import { t } from '../texts'

const KEY = 'history'
const History = lazy(() => import('./History'))

export function HistoryDoor() {
  const [search, setSearch] = useSearchParams()

  const close = useCallback(
    () =>
      setSearch(
        (old) => {
          old.delete(KEY)
          return old
        },
        { replace: true },
      ),
    [setSearch],
  )

  if (!search.has(KEY)) return null

  return (
    <Suspense>
      <History onClose={close} />
    </Suspense>
  )
}

export function HistoryMenuGroup() {
  const [, setSearch] = useSearchParams()

  const open = () =>
    setSearch((old) => {
      old.set(KEY, '')
      return old
    })

  return (
    <TldrawUiMenuGroup id="tidraw-history">
      <TldrawUiMenuItem id="history" label={t.history.title} readonlyOk onSelect={open} />
    </TldrawUiMenuGroup>
  )
}
