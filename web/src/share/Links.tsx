// Links that let anyone in: one or more for editing, one or more for viewing.
import { EyeOpenIcon, Pencil1Icon, PlusIcon } from '@radix-ui/react-icons'
import { Button, Flex, Text } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { CopyButton } from '../components/CopyButton'
import { Failed, Loading } from '../components/States'
import { useFailed } from '../components/Toasts'
import { boardUrl } from '../lib/base'
import { linksQuery, useCreateLink } from '../lib/sharing'
import { shortDate } from '../lib/time'
import type { LinkRole, Room, ShareLink } from '../lib/types'
import { t } from '../texts'
import { LinkMenu } from './LinkMenu'
import { NewLink } from './NewLink'

const ROLES: LinkRole[] = ['editor', 'viewer']
const ICONS = { editor: Pencil1Icon, viewer: EyeOpenIcon }

export function Links({ room }: { room: Room }) {
  const owner = room.role === 'owner'
  const links = useQuery(linksQuery(room.id))

  if (links.isLoadingError) return <Failed title={t.share.tabs.links} error={links.error} onRetry={links.refetch} />
  if (!links.data) return <Loading />

  const all = links.data.links

  return (
    <>
      <Text as="p" size="2" color="gray" my="3">
        {t.share.linkText}
      </Text>
      {all.length === 0 && !owner && <Text as="p">{t.share.noLinks}</Text>}
      <ul className="td-list td-rows">
        {ROLES.map((role) => {
          const ofRole = all.filter((l) => l.role === role)
          if (ofRole.length > 0) return ofRole.map((l) => <LinkRow key={l.id} room={room} link={l} />)
          return owner && <NewLinkRow key={role} room={room} role={role} />
        })}
      </ul>
      {owner && <NewLink room={room} />}
    </>
  )
}

function RoleIcon({ role }: { role: LinkRole }) {
  const Icon = ICONS[role]

  return (
    <span className="td-row-icon">
      <Icon />
    </span>
  )
}

function LinkRow({ room, link }: { room: Room; link: ShareLink }) {
  const limits = [
    link.expires_at !== null && t.share.until(shortDate(link.expires_at)),
    link.has_password && t.share.withPassword,
  ].filter(Boolean)

  return (
    <li className="td-row">
      <RoleIcon role={link.role} />
      <div className="td-grow">
        <Text as="p" size="2">
          {t.share.linkRoles[link.role]}
        </Text>
        {limits.length > 0 && (
          <Text as="p" size="1" color="gray">
            {limits.join(', ')}
          </Text>
        )}
      </div>
      <Flex gap="3" align="center">
        <CopyButton text={boardUrl(room.id, link.token)} label={t.share.copyLink} />
        {room.role === 'owner' && <LinkMenu room={room} link={link} />}
      </Flex>
    </li>
  )
}

function NewLinkRow({ room, role }: { room: Room; role: LinkRole }) {
  const failed = useFailed()
  const create = useCreateLink(room.id)

  return (
    <li className="td-row">
      <RoleIcon role={role} />
      <Text as="p" size="2" color="gray" className="td-grow">
        {t.share.linkRoles[role]}
      </Text>
      <Button
        variant="outline"
        aria-label={t.share.createLinkFor[role]}
        loading={create.isPending}
        onClick={() => create.mutate({ role }, { onError: failed })}
      >
        <PlusIcon /> {t.share.createLink}
      </Button>
    </li>
  )
}
