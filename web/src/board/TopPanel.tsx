// In the middle: the board's name, and what one should know about it now.
import { CheckIcon, EyeOpenIcon, LinkBreak2Icon, UpdateIcon } from '@radix-ui/react-icons'
import { Badge } from '@radix-ui/themes'
import { useEffect, useState } from 'react'
import {
  CenteredTopPanelContainer,
  PORTRAIT_BREAKPOINT,
  useBreakpoint,
  useCollaborationStatus,
  useEditor,
  useReadonly,
  useValue,
} from 'tldraw'
import { RenameField } from '../components/RenameField'
import { t } from '../texts'
import { useBoard } from './BoardContext'
import { Slot } from './Slot'

export function TopPanel() {
  const { embedded } = useBoard()
  const narrow = useBreakpoint() < PORTRAIT_BREAKPOINT.TABLET

  const content = (
    <Slot className="td-top" data-narrow={narrow}>
      {!embedded && <BoardName />}
      <Status narrow={narrow} />
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

function Status({ narrow }: { narrow: boolean }) {
  const { unsaved, embedded } = useBoard()
  const offline = useCollaborationStatus() === 'offline'
  const readOnly = useReadonly()
  const saved = useValue('saved', () => unsaved?.saved.get() ?? true, [unsaved])
  const slow = useSlow(!saved)

  /* what only this browser has should not be forgotten there */
  useEffect(() => {
    if (saved) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [saved])

  return (
    <>
      <div className="td-status" role="status">
        {offline && (
          <Badge color="amber" size="2" variant="solid" radius="full">
            <LinkBreak2Icon /> {readOnly ? t.board.offline : t.board.offlineKept}
          </Badge>
        )}
        {readOnly && (
          <Badge color="gray" size="2" variant="surface" radius="full" title={t.board.readOnlyHint}>
            <EyeOpenIcon /> {t.board.readOnly}
          </Badge>
        )}
      </div>
      {/* changes with every stroke: not read out */}
      {!offline && !readOnly && !embedded && !(narrow && !slow) && (
        <span className="td-saved" data-saved={!slow}>
          {slow ? <UpdateIcon /> : <CheckIcon />} {slow ? t.board.saving : t.board.saved}
        </span>
      )}
    </>
  )
}

/* true once this has been so for a moment: most saving is over before */
function useSlow(now: boolean): boolean {
  const [slow, setSlow] = useState(false)

  useEffect(() => {
    if (!now) return setSlow(false)
    const timer = setTimeout(() => setSlow(true), 300)
    return () => clearTimeout(timer)
  }, [now])

  return slow
}
