// When the chosen moment was, and who was drawing.
import { Badge, Flex, Spinner, Text } from '@radix-ui/themes'
import { PersonAvatar } from '../components/PersonAvatar'
import { t } from '../texts'
import type { PictureState } from './MomentPicture'
import { type Chosen, namesOf, timeOf } from './moments'

const SHOWN = 4

interface Props {
  chosen: Chosen
  newest: boolean
  picture: PictureState
}

export function When({ chosen, newest, picture }: Props) {
  return (
    <Flex align="center" gap="2" wrap="wrap" className="td-history-when">
      <Text size="2" weight="medium">
        <time dateTime={new Date(chosen.at).toISOString()}>{timeOf(chosen.at)}</time>
      </Text>
      {chosen.people.slice(0, SHOWN).map((p) => (
        <PersonAvatar key={`${p.name} ${p.color}`} person={p} size="1" />
      ))}
      {chosen.people.length > 0 && (
        <Text size="2" color="gray" truncate>
          {t.history.by(namesOf(chosen.people))}
        </Text>
      )}
      {chosen.version && <Badge color="iris">{chosen.version.name}</Badge>}
      {newest && !chosen.version && <Badge color="gray">{t.history.now}</Badge>}
      <Spinner loading={picture === 'coming'} />
      {/* said when the picture is there; the slider says what it points to */}
      <span role="status" className="td-visually-hidden">
        {picture === 'there' && t.history.shows(timeOf(chosen.at))}
      </span>
    </Flex>
  )
}
