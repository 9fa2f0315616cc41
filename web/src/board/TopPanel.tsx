// In the middle: the board's name, and what one should know about it now.
import { EyeOpenIcon, LinkBreak2Icon } from '@radix-ui/react-icons'
import { Badge } from '@radix-ui/themes'
import { useEffect, useState } from 'react'
import {
  CenteredTopPanelContainer,
  PORTRAIT_BREAKPOINT,
  useBreakpoint,
  useCollaborationStatus,
  useEditor,
  useReadonly,
} from 'tldraw'
import { RenameField } from '../components/RenameField'
import { t } from '../texts'
import { useBoard } from './BoardContext'
import { Slot } from './Slot'

export function TopPanel() {
  const narrow = useBreakpoint() < PORTRAIT_BREAKPOINT.TABLET

  const content = (
    <Slot className="td-top" data-narrow={narrow}>
      {!narrow && <BoardName />}
      <Status />
    </Slot>
  )

  return narrow ? content : <CenteredTopPanelContainer maxWidth={520}>{content}</CenteredTopPanelContainer>
}

function BoardName() {
  const { room } = useBoard()
  const editor = useEditor()
  const readOnly = useReadonly()
  const [renaming, setRenaming] = useState(false)

  const doneRenaming = (keyboard: boolean) => {
    setRenaming(false)
    if (keyboard) editor.getContainer().focus()
  }

  if (renaming) return <RenameField room={room} onDone={doneRenaming} />
  if (room.role === 'viewer' || readOnly) return <span className="td-name">{room.name}</span>

  return (
    <button type="button" className="td-name" title={t.board.rename} onClick={() => setRenaming(true)}>
      {room.name}
    </button>
  )
}

function Status() {
  const offline = useCollaborationStatus() === 'offline'
  const readOnly = useReadonly()

  /* offline changes live in this page until the server has them */
  useEffect(() => {
    if (!offline || readOnly) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [offline, readOnly])

  return (
    <div className="td-status" role="status">
      {offline && (
        <Badge color="amber" size="2" variant="solid" radius="full">
          <LinkBreak2Icon /> {t.board.offline}
        </Badge>
      )}
      {readOnly && (
        <Badge color="gray" size="2" variant="surface" radius="full" title={t.board.readOnlyHint}>
          <EyeOpenIcon /> {t.board.readOnly}
        </Badge>
      )}
    </div>
  )
}
