// Uploads as long as they take, and why one failed.
import { Progress, Text } from '@radix-ui/themes'
import { useEffect, useRef, useSyncExternalStore } from 'react'
import { useToast } from '../components/Toasts'
import { t } from '../texts'
import { uploads } from './assetsUpload'
import './assets.css'

export function AssetsProgress() {
  const { running, failed } = useSyncExternalStore(uploads.subscribe, uploads.get)
  const toast = useToast()
  const told = useRef(failed?.id)

  useEffect(() => {
    if (!failed || told.current === failed.id) return
    told.current = failed.id
    const why = t.board.uploadErrors[failed.code as keyof typeof t.board.uploadErrors] ?? t.board.uploadErrors.other
    toast({ text: t.board.uploadFailed(failed.name, why), tone: 'error' })
  }, [failed, toast])

  const busy = running.length > 0

  /* the end of the page would be the end of the upload */
  useEffect(() => {
    if (!busy) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [busy])

  if (!busy) return null

  const size = running.reduce((sum, u) => sum + u.size, 0)
  const sent = running.reduce((sum, u) => sum + u.sent, 0)

  return (
    <div className="td-uploads" role="status">
      <Text size="1">{t.board.uploading(running.length)}</Text>
      <Progress size="1" value={size ? (100 * sent) / size : 100} aria-label={t.board.uploading(running.length)} />
    </div>
  )
}
