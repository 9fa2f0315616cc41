import { Callout, Dialog, Flex, IconButton, Tabs, Text } from '@radix-ui/themes'
import { Cross2Icon, ExclamationTriangleIcon } from '@radix-ui/react-icons'
import { CopyButton } from '../components/CopyButton'
import { baseUrl, boardUrl, onlyHere } from '../lib/base'
import { useUser } from '../lib/query'
import type { Room } from '../lib/types'
import { t } from '../texts'
import { Embed } from './Embed'
import { Links } from './Links'
import { People } from './People'

interface Props {
  room: Room
  link: string | null
  open: boolean
  onOpenChange: (open: boolean) => void
}

export function ShareDialog({ room, link, open, onOpenChange }: Props) {
  const user = useUser()

  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Content maxWidth="540px" className="td-dialog">
        <Dialog.Title mb="1" mr="6">
          {t.share.of(room.name)}
        </Dialog.Title>
        <Dialog.Description size="2" color="gray" mb="4">
          {user ? t.share.text : t.share.guestOnly}
        </Dialog.Description>
        {onlyHere && (
          <Callout.Root size="1" color="amber" highContrast mb="4">
            <Callout.Icon>
              <ExclamationTriangleIcon />
            </Callout.Icon>
            <Callout.Text>{t.share.onlyHere(baseUrl.hostname)}</Callout.Text>
          </Callout.Root>
        )}
        {user ? <Sharing room={room} /> : <CopyButton text={boardUrl(room.id, link ?? undefined)} label={t.share.copyLink} />}
        <Dialog.Close>
          <IconButton variant="ghost" color="gray" className="td-dialog-close" aria-label={t.close}>
            <Cross2Icon />
          </IconButton>
        </Dialog.Close>
      </Dialog.Content>
    </Dialog.Root>
  )
}

function Sharing({ room }: { room: Room }) {
  const owner = room.role === 'owner'

  return (
    <Tabs.Root defaultValue={owner ? 'links' : 'people'}>
      <Tabs.List>
        {room.role !== 'viewer' && <Tabs.Trigger value="links">{t.share.tabs.links}</Tabs.Trigger>}
        <Tabs.Trigger value="people">{t.share.tabs.people}</Tabs.Trigger>
        {room.role !== 'viewer' && <Tabs.Trigger value="embed">{t.share.tabs.embed}</Tabs.Trigger>}
      </Tabs.List>
      <div className="td-dialog-body">
        <Tabs.Content value="links">
          <Links room={room} />
        </Tabs.Content>
        <Tabs.Content value="people">
          <People room={room} />
        </Tabs.Content>
        <Tabs.Content value="embed">
          <Embed room={room} />
        </Tabs.Content>
      </div>
      {!owner && (
        <Flex mt="4">
          <Text size="1" color="gray">
            {t.share.onlyOwner}
          </Text>
        </Flex>
      )}
    </Tabs.Root>
  )
}
