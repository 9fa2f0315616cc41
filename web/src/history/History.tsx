// The history of the board, over the editor of the board: a picture of the
// chosen moment, the slider that chooses it, and what can be done with it.
import './history.css'

import { ClockIcon, Cross2Icon, ListBulletIcon } from '@radix-ui/react-icons'
import { Heading, IconButton, Theme } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { Dialog } from 'radix-ui'
import { useEffect, useRef, useState } from 'react'
import { useEditor } from 'tldraw'
import { useBoard } from '../board/BoardContext'
import { Failed, Loading, Note } from '../components/States'
import { t } from '../texts'
import { Past } from './Past'
import { momentsQuery } from './queries'

export default function History({ onClose }: { onClose: () => void }) {
  const editor = useEditor()
  const { room, link } = useBoard()
  const [listed, setListed] = useState(false)
  const content = useRef<HTMLDivElement>(null)
  const history = useQuery(momentsQuery(room.id, link, null))
  const empty = history.data && history.data.moments.length === 0 && history.data.versions.length === 0

  /* the board below goes on, but nothing reaches it */
  useEffect(() => {
    const board = editor.getContainer()
    editor.blur()
    board.inert = true

    return () => {
      board.inert = false
      editor.focus()
    }
  }, [editor])

  return (
    <Dialog.Root open modal={false} onOpenChange={onClose}>
      <Dialog.Portal container={document.querySelector<HTMLElement>('.td-theme')}>
        <Theme asChild>
          <Dialog.Content
            ref={content}
            className="td-history"
            aria-describedby={undefined}
            onInteractOutside={(event) => event.preventDefault()}
            onOpenAutoFocus={(event) => {
              event.preventDefault()
              content.current?.focus()
            }}
            onCloseAutoFocus={(event) => event.preventDefault()}
          >
            <header className="td-history-head">
              <Dialog.Title asChild>
                <Heading as="h1" size="4" truncate className="td-grow">
                  {t.history.of(room.name)}
                </Heading>
              </Dialog.Title>
              {history.data && !empty && (
                <IconButton
                  variant="soft"
                  className="td-history-toggle"
                  aria-label={t.history.versions}
                  aria-expanded={listed}
                  onClick={() => setListed(!listed)}
                >
                  <ListBulletIcon />
                </IconButton>
              )}
              <Dialog.Close asChild>
                <IconButton variant="soft" color="gray" aria-label={t.close}>
                  <Cross2Icon />
                </IconButton>
              </Dialog.Close>
            </header>
            {history.isPending && <Loading text={t.history.loading} />}
            {history.isLoadingError && (
              <Failed title={t.history.failed} error={history.error} onRetry={() => void history.refetch()} />
            )}
            {empty && (
              <Note icon={<ClockIcon width={22} height={22} />} title={t.history.empty} text={t.history.emptyText} />
            )}
            {history.data && !empty && (
              <Past all={history.data} listed={listed} onListed={setListed} onClose={onClose} />
            )}
          </Dialog.Content>
        </Theme>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
