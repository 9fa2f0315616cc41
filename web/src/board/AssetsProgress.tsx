// Uploads as long as they take, and why one failed.
import { Progress, Text } from '@radix-ui/themes'
import { useEffect, useRef, useSyncExternalStore } from 'react'
import { useToast } from '../components/Toasts'
import { uploads } from './assetsUpload'
import { texts } from './assetsTexts'
import './assets.css'

export function AssetsProgress() {
  const { running, failed } = useSyncExternalStore(uploads.subscribe, uploads.get)
  const toast = useToast()
  const told = useRef(failed?.id)

  useEffect(() => {
    if (!failed || told.current === failed.id) return
    told.current = failed.id
    const why = texts.why[failed.code as keyof typeof texts.why] ?? texts.why.other
    toast({ text: texts.failed(failed.name, why), tone: 'error' })
  }, [failed, toast])

  if (running.length === 0) return null

  const size = running.reduce((sum, u) => sum + u.size, 0)
  const sent = running.reduce((sum, u) => sum + u.sent, 0)

  return (
    <div className="td-uploads" role="status">
      <Text size="1">{texts.uploading(running.length)}</Text>
      <Progress size="1" value={size ? (100 * sent) / size : 100} aria-label={texts.uploading(running.length)} />
    </div>
  )
}
