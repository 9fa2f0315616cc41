import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useSync } from '@tldraw/sync'
import { useCallback, useMemo, useRef, useState } from 'react'
import { useNavigate } from 'react-router-dom'
import { type Editor, type TLComponents, Tldraw } from 'tldraw'
import { Loading } from '../components/States'
import { useToast } from '../components/Toasts'
import { HistoryDoor } from '../history/HistoryDoor'
import { socketUrl } from '../lib/base'
import { errorText } from '../lib/errors'
import { configQuery, useUser } from '../lib/query'
import { isBoardFile, useImportRoom } from '../lib/rooms'
import type { Room } from '../lib/types'
import { ShareDialog } from '../share/ShareDialog'
import { t } from '../texts'
import { assetUrls } from './assetUrls'
import { AssetsProgress } from './AssetsProgress'
import { boardAssets } from './assets'
import { BoardContext } from './BoardContext'
import { EditorFailed } from './EditorFailed'
import { EmbedPanel } from './EmbedPanel'
import { drawWaiting } from './excalidraw'
import { registerFiles } from './files'
import { IMAGE_TYPES, VIDEO_TYPES, fileLimits, registerBookmarks } from './content'
import { useIdentity } from './identity'
import { MainMenu } from './MainMenu'
import { MenuPanel } from './MenuPanel'
import { mount, mountEmbedded } from './mount'
import { Outdated } from './Outdated'
import { previewsOf } from './preview'
import { Refusal, asReason } from './Refusal'
import { SharePanel } from './SharePanel'
import { TopPanel } from './TopPanel'
import { useUnsaved } from './useUnsaved'
import { Watch } from './Watch'

const whole: TLComponents = { MainMenu, MenuPanel, SharePanel, TopPanel, ErrorFallback: EditorFailed }

/* in the frame of another page: only what is needed to look and to draw */
const bare: TLComponents = {
  MenuPanel: null,
  SharePanel: EmbedPanel,
  TopPanel,
  HelpMenu: null,
  ErrorFallback: EditorFailed,
}

interface Props {
  room: Room
  link: string | null
  embedded: boolean
  /* the connection is to be made anew */
  onAgain: () => void
}

export function OpenBoard({ room, link, embedded, onAgain }: Props) {
  const { userInfo, tldrawUser } = useIdentity()
  const [sharing, setSharing] = useState(false)
  const leaving = useRef<(() => Promise<void>) | null>(null)
  const { data: config } = useQuery(configQuery)
  const client = useQueryClient()
  const toast = useToast()
  const assets = useMemo(() => boardAssets(room.id, link), [room.id, link])
  const limits = useMemo(() => fileLimits(config?.max_upload), [config?.max_upload])
  const asBoard = useAsBoard()
  const mounted = useCallback(
    (editor: Editor) => {
      registerBookmarks(editor, previewsOf(client, room.id, link))
      registerFiles(editor, {
        maxAssetSize: limits.maxAssetSize,
        tell: (text) => toast({ text, tone: 'error' }),
        otherwise: asBoard,
      })
      if (embedded) mountEmbedded(editor)
      else mount(editor)
      drawWaiting(editor, room.id, assets).catch(() => toast({ text: t.board.notDrawn, tone: 'error' }))
    },
    [client, room.id, link, embedded, assets, limits, asBoard, toast],
  )
  const store = useSync({ uri: socketUrl(room.id, link), assets, userInfo })
  const unsaved = useUnsaved(store.store, room.id, userInfo.id)
  const board = useMemo(
    () => ({ room, link, embedded, unsaved, leaving, sharing, setSharing }),
    [room, link, embedded, unsaved, sharing],
  )

  if (store.status === 'error') {
    const reason = asReason(reasonOf(store.error))
    if (reason === 'CLIENT_TOO_OLD') return <Outdated room={room} link={link} onUpgraded={onAgain} />
    return <Refusal reason={reason} />
  }
  if (store.status === 'loading') return <Loading text={t.board.loading} />

  return (
    <BoardContext.Provider value={board}>
      <main className="td-editor">
        <Tldraw
          store={store}
          user={tldrawUser}
          components={embedded ? bare : whole}
          overrides={limits.overrides}
          assetUrls={assetUrls}
          acceptedImageMimeTypes={IMAGE_TYPES}
          acceptedVideoMimeTypes={VIDEO_TYPES}
          maxAssetSize={limits.maxAssetSize}
          onMount={mounted}
          {...(config?.license_key && { licenseKey: config.license_key })}
        >
          {!embedded && <Watch />}
          {!embedded && <HistoryDoor />}
        </Tldraw>
        <AssetsProgress />
      </main>
      {!embedded && <ShareDialog room={room} link={link} open={sharing} onOpenChange={setSharing} />}
    </BoardContext.Provider>
  )
}

/* a file that is a board of its own is not drawn into this one */
function useAsBoard(): (file: File) => boolean {
  const user = useUser()
  const toast = useToast()
  const navigate = useNavigate()
  const { mutateAsync: load } = useImportRoom()

  return useCallback(
    (file: File) => {
      if (!user || !isBoardFile(file)) return false

      const bring = () =>
        void load(file).then(
          (made) => navigate(`/board/${made.id}`),
          (error: unknown) => toast({ text: errorText(error), tone: 'error' }),
        )

      toast({ text: t.board.isBoard(file.name), action: { label: t.board.makeBoard, onSelect: bring } })
      return true
    },
    [user, toast, navigate, load],
  )
}

function reasonOf(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : ''
}
