import { useQuery } from '@tanstack/react-query'
import { useSync } from '@tldraw/sync'
import { useMemo, useState } from 'react'
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
import { IMAGE_TYPES, MAX_IMAGE, assetStore, registerBookmarks } from './content'
import { useIdentity } from './identity'
import { MenuPanel } from './MenuPanel'
import { Refusal, asReason } from './Refusal'
import { SharePanel } from './SharePanel'
import { TopPanel } from './TopPanel'

const components: TLComponents = { MenuPanel, SharePanel, TopPanel, ErrorFallback: EditorFailed }

const limits = { 'assets.files.size-too-big': t.board.fileTooBig, 'assets.files.type-not-allowed': t.board.fileType }
const overrides: TLUiOverrides = { translations: { en: limits, de: limits } }

export function OpenBoard({ room, link }: { room: Room; link: string | null }) {
  const { userInfo, tldrawUser } = useIdentity()
  const [sharing, setSharing] = useState(false)
  const { data: config } = useQuery(configQuery)
  const store = useSync({ uri: socketUrl(room.id, link), assets: assetStore, userInfo })
  const board = useMemo(() => ({ room, link, sharing, setSharing }), [room, link, sharing])

  if (store.status === 'error') return <Refusal reason={asReason(reasonOf(store.error))} />
  if (store.status === 'loading') return <Loading text={t.board.loading} />

  return (
    <BoardContext.Provider value={board}>
      <main className="td-editor">
        <Tldraw
          store={store}
          user={tldrawUser}
          components={components}
          overrides={overrides}
          assetUrls={assetUrls}
          acceptedImageMimeTypes={IMAGE_TYPES}
          acceptedVideoMimeTypes={NONE}
          maxAssetSize={MAX_IMAGE}
          onMount={registerBookmarks}
          {...(config?.license_key && { licenseKey: config.license_key })}
        />
      </main>
      <ShareDialog room={room} link={link} open={sharing} onOpenChange={setSharing} />
    </BoardContext.Provider>
  )
}

const NONE: string[] = []

function reasonOf(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : ''
}
