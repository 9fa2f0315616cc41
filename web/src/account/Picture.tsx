import { Button, Flex, Text } from '@radix-ui/themes'
import { useRef } from 'react'
import { PersonAvatar } from '../components/PersonAvatar'
import { useToast } from '../components/Toasts'
import { useSetPicture } from '../lib/account'
import { ApiError } from '../lib/api'
import { errorText } from '../lib/errors'
import { square } from '../lib/picture'
import { useUser } from '../lib/query'
import { t } from '../texts'

const TYPES = 'image/png,image/jpeg,image/webp,image/gif,image/avif'

export function Picture() {
  const user = useUser()
  const toast = useToast()
  const set = useSetPicture()
  const input = useRef<HTMLInputElement>(null)

  if (!user) return null

  const failed = (error: unknown) =>
    toast({ text: error instanceof ApiError ? errorText(error) : t.me.pictureUnreadable, tone: 'error' })
  const change = (file: File) => square(file).then(set.mutateAsync).catch(failed)
  const remove = () => set.mutateAsync(null).catch(failed)

  return (
    <Flex align="center" gap="4" mb="4" wrap="wrap">
      <PersonAvatar person={user} size="5" />
      <div className="td-grow">
        <Text as="p" size="2" weight="medium" mb="2">
          {t.me.picture}
        </Text>
        <Flex gap="2" wrap="wrap">
          <Button variant="soft" loading={set.isPending} onClick={() => input.current?.click()}>
            {t.me.choosePicture}
          </Button>
          {user.picture && (
            <Button variant="soft" color="gray" disabled={set.isPending} onClick={() => void remove()}>
              {t.me.removePicture}
            </Button>
          )}
        </Flex>
      </div>
      <input
        ref={input}
        type="file"
        accept={TYPES}
        hidden
        aria-label={t.me.choosePicture}
        onChange={(e) => {
          const file = e.target.files?.[0]
          e.target.value = ''
          if (file) void change(file)
        }}
      />
    </Flex>
  )
}
