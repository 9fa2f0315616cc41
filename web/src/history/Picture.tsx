// An editor in which nothing can be changed, on a store of its own. It looks
// where the board's editor looked, and goes on looking there from one moment to
// the next.
import { SizeIcon } from '@radix-ui/react-icons'
import { IconButton } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import {
  type Editor,
  type TLComponents,
  type TLRecord,
  Tldraw,
  createTLStore,
  defaultBindingUtils,
  defaultShapeUtils,
  useEditor,
} from 'tldraw'
import { assetUrls } from '../board/assetUrls'
import { boardAssets } from '../board/assets'
import { useBoard } from '../board/BoardContext'
import { EditorFailed } from '../board/EditorFailed'
import { useIdentity } from '../board/identity'
import { Slot } from '../board/Slot'
import { configQuery } from '../lib/query'
import { t } from '../texts'
import { show } from './snapshot'

/* pages and zoom, nothing that draws */
const components: TLComponents = {
  ActionsMenu: null,
  ContextMenu: null,
  CursorChatBubble: null,
  DebugMenu: null,
  DebugPanel: null,
  ErrorFallback: EditorFailed,
  HelperButtons: null,
  HelpMenu: null,
  ImageToolbar: null,
  KeyboardShortcutsDialog: null,
  MainMenu: null,
  QuickActions: null,
  RichTextToolbar: null,
  SharePanel: Fit,
  StylePanel: null,
  Toolbar: null,
  TopPanel: null,
  VideoToolbar: null,
}

export function Picture({ records }: { records: TLRecord[] }) {
  const board = useEditor()
  const { room, link } = useBoard()
  const { tldrawUser } = useIdentity()
  const { data: config } = useQuery(configQuery)

  const [store] = useState(() => {
    const made = createTLStore({
      shapeUtils: defaultShapeUtils,
      bindingUtils: defaultBindingUtils,
      assets: boardAssets(room.id, link),
    })
    show(made, records)
    return made
  })

  useEffect(() => show(store, records), [store, records])

  const lookThere = (editor: Editor) => {
    const page = board.getCurrentPageId()

    editor.updateInstanceState({ isReadonly: true })
    editor.setCurrentTool('hand')
    if (!editor.getPage(page)) return
    editor.setCurrentPage(page)
    editor.setCamera(board.getCamera(), { immediate: true })
  }

  return (
    <Tldraw
      store={store}
      user={tldrawUser}
      components={components}
      assetUrls={assetUrls}
      autoFocus={false}
      onMount={lookThere}
      {...(config?.license_key && { licenseKey: config.license_key })}
    />
  )
}

function Fit() {
  const editor = useEditor()

  return (
    <Slot className="td-share">
      <IconButton
        variant="soft"
        color="gray"
        aria-label={t.history.fit}
        title={t.history.fit}
        onClick={() => editor.zoomToFit({ animation: { duration: 200 } })}
      >
        <SizeIcon />
      </IconButton>
    </Slot>
  )
}
