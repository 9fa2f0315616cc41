import { Button } from '@radix-ui/themes'
import { CenterPage } from '../components/CenterPage'
import { t } from '../texts'

/* instead of the editor's own page, which leads to its makers */
export function EditorFailed() {
  return (
    <CenterPage title={t.board.editorCrashed} text={t.board.editorCrashedText}>
      <Button size="3" onClick={() => window.location.reload()}>
        {t.board.reload}
      </Button>
    </CenterPage>
  )
}
