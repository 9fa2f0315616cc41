import { useQuery } from '@tanstack/react-query'
import { useSync } from '@tldraw/sync'
import { useMemo, useRef, useState } from 'react'
import { type TLComponents, type TLUiOverrides, Tldraw } from 'tldraw'
import { Loading } from '../components/States'
import { socketUrl } from '../lib/base'
import { configQuery } from '../lib/query'
import type { Room } from '../lib/types'
import { ShareDialog } from '../share/ShareDialog'
import { t } from '../texts'
import { assetUrls } from './assetUrls'
import { BoardContext } from './BoardContext'
import { EditorFailed } from './EditorFailed'
import { EmbedPanel } from './EmbedPanel'
import { IMAGE_TYPES, MAX_IMAGE, assetStore, registerBookmarks } from './content'
import { useIdentity } from './identity'
import { MainMenu } from './MainMenu'
import { MenuPanel } from './MenuPanel'
import { Outdated } from './Outdated'
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

const limits = { 'assets.files.size-too-big': t.board.fileTooBig, 'assets.files.type-not-allowed': t.board.fileType }
const overrides: TLUiOverrides = { translations: { en: limits, de: limits } }

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
  const store = useSync({ uri: socketUrl(room.id, link), assets: assetStore, userInfo })
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
          overrides={overrides}
          assetUrls={assetUrls}
          acceptedImageMimeTypes={IMAGE_TYPES}
          acceptedVideoMimeTypes={NONE}
          maxAssetSize={MAX_IMAGE}
          onMount={registerBookmarks}
          {...(config?.license_key && { licenseKey: config.license_key })}
        >
          {!embedded && <Watch />}
        </Tldraw>
      </main>
      {!embedded && <ShareDialog room={room} link={link} open={sharing} onOpenChange={setSharing} />}
    </BoardContext.Provider>
  )
}

const NONE: string[] = []

function reasonOf(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : ''
}
